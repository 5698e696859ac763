import type { AccountLocation } from "../../access/arn";

/** The role of the trusting account; the group and the machine's role of the trusted account that can assume it. */
export const ROLE_NAME = "InstanceOperator";
export const GROUP_NAME = "InstanceOperators";
export const MACHINE_ROLE_NAME = "InstanceOperatorMachine";

/** ARN of the managed policy that the article attaches. */
export const fullAccessPolicyArn = ({ partition }: AccountLocation): string =>
  `arn:${partition}:iam::aws:policy/AmazonEC2FullAccess`;

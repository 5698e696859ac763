import { type AccountLocation, arn } from "../../access/arn";

/** The role of the trusting account, and the group of the trusted account that can assume it. */
export const ROLE_NAME = "ParameterReader";
export const GROUP_NAME = "ParameterReaders";

/** ARN of a parameter: of its name, the first slash is left out. */
export const parameterArnOf = (account: AccountLocation, name: string): string =>
  arn(account, "ssm", `parameter/${name.replace(/^\//, "")}`);

import { policyDocument } from "../../infra/access/policy";
import { checkerStatements, deployerStatements } from "../../infra/deployer";
import type { Side } from "../../infra/stack-settings";
import { readStackSettings } from "../stack-settings";

/** Prints the policy that a deployer of a stack needs in one of its accounts. */
export function printDeployerPolicy(stack: string, side: Side, withChecks: boolean): void {
  const settings = readStackSettings(stack);
  const statements = [
    ...deployerStatements(settings, side),
    ...(withChecks ? checkerStatements(settings, side) : []),
  ];
  console.log(JSON.stringify(JSON.parse(policyDocument(statements)), null, 2));
}

import type { Provider } from "@pulumi/aws/provider";
import type { AccountLocation } from "./access/arn";
import type { Side } from "./stack-settings";

/** One of the two accounts: where it is and, on the sides that the stack manages, how to deploy into it. */
export interface Account extends AccountLocation {
  provider: Provider | undefined;
}

export type Accounts = Readonly<Record<Side, Account>>;

import type { Statement } from "../../infra/access/policy";
import type { Settings } from "../../infra/settings";
import type { DeployedPolicy, Unreadable } from "../deployed-policies";
import type { ManagedPolicy } from "./managed-policies";
import type { StatedReason } from "./message";

/** What is known of a refused request: what the endpoint said of it, and what the accounts hold. */
export interface Facts {
  who: string;
  action: string;
  on: string;
  /** Undefined where the endpoint says no more than that it refuses. */
  reason: StatedReason | undefined;
  /** The caller's own policies, those of the groups included. */
  own:
    | { groups: readonly string[]; policies: readonly DeployedPolicy[]; boundary?: DeployedPolicy }
    | Unreadable;
  /** The resource's own policy, such as a role's trust policy; undefined where it is of no kind that is read. */
  resource: readonly Statement[] | Unreadable | undefined;
  managed: readonly ManagedPolicy[];
  settings: Pick<
    Settings,
    | "stack"
    | "trustingAccountId"
    | "trustedAccountId"
    | "trustingProfile"
    | "trustedProfile"
    | "trustedPermissionSets"
  >;
}

export type Label =
  | "refused"
  | "recorded"
  | "masked"
  | "cause"
  | "denied by"
  | "policy"
  | "policies"
  | "would be allowed by"
  | "allowed by"
  | "defined in"
  | "not read"
  | "nearest"
  | "fix"
  | "see";

/** Where to look, and what to do: lines of a label and a text. */
export type Explanation = readonly (readonly [label: Label, text: string])[];

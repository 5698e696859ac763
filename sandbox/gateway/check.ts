import type { ConditionContext } from "./call";

/** One question to the evaluator. `resource` `*` means: of an unknown one. */
export interface Check {
  action: string;
  resource: string;
  /** Owner of the resource. */
  account: string;
  context: ConditionContext;
  /** Condition keys that the resource brings, read where a policy uses a key that is not among the others. */
  more?: () => Promise<ConditionContext>;
  /** Why the tables cannot say more, for the log. */
  unknown?: string;
}

export interface Decision {
  allowed: boolean;
  /** AWS's ending of the refusal: `because no … policy allows …` or `with an explicit deny in …`. */
  because: string;
  /** The statements that decided: `identity policy arn:… statement Sid`. */
  by: string[];
  /** What the evaluator could not take as it was. */
  note?: string;
  /** Why the request was refused though nothing that can be judged refuses it. */
  unjudged?: string;
}

import type { Action } from "./requests";

/** Who asks. Each is made for the check in its own account and removed afterwards. */
export type Person = "developer" | "developer and tester" | "tester" | "colleague" | "outsider";

/** What credentials the person asks with. */
export type Session =
  | "own keys"
  | "own keys and an MFA code"
  | "own keys and a wrong MFA code"
  | "own keys and another person's MFA device"
  | "signed in with MFA"
  | "as UpdateApp"
  | "as UpdateApp, expired";

/** What is asked for. */
export type Target = "UpdateApp" | "productionapp" | "another bucket of prod" | "own bucket in dev" | "prod";

export type Answer = "allowed" | "refused";

/** One line of the access contract: who, with what session, may or may not do what, on what. */
export interface Row {
  check: number;
  who: Person;
  session: Session;
  action: Action;
  on: Target;
  expected: Answer;
}

/** What each check of a scenario is about, in the words of whoever asked for it. */
export const checks: Readonly<Record<number, string>> = {
  1: "A Developers member with MFA assumes UpdateApp",
  2: "The same person without MFA",
  3: "A Developers member with a wrong code or another person's MFA device",
  4: "A Testers member with MFA",
  5: "A dev user in neither group, with MFA",
  6: "An administrator of a third account, with MFA",
  7: "As UpdateApp: list, put, get and delete in productionapp",
  8: "As UpdateApp: anything else in prod",
  9: "The person's own credentials directly on productionapp",
  10: "The person's own dev rights are suspended as UpdateApp, and back afterwards",
  11: "Temporary credentials past their lifetime",
};

const asUpdateApp = (check: number, expected: Answer, on: Target, actions: readonly Action[]): Row[] =>
  actions.map((action) => ({ check, who: "developer", session: "as UpdateApp", action, on, expected }));
const assumes = (check: number, who: Person, session: Session, expected: Answer): Row => ({
  check,
  who,
  session,
  action: "sts:AssumeRole",
  on: "UpdateApp",
  expected,
});
const directly = (check: number, action: Action, on: Target, expected: Answer): Row => ({
  check,
  who: "developer",
  session: "own keys",
  action,
  on,
  expected,
});

/** The access contract, in the order in which it is asked: an object is put before it is read. */
export const contract: readonly Row[] = [
  assumes(1, "developer", "own keys and an MFA code", "allowed"),
  assumes(1, "developer and tester", "signed in with MFA", "allowed"),
  assumes(2, "developer", "own keys", "refused"),
  assumes(3, "developer", "own keys and a wrong MFA code", "refused"),
  assumes(3, "developer", "own keys and another person's MFA device", "refused"),
  assumes(4, "tester", "signed in with MFA", "refused"),
  assumes(5, "colleague", "signed in with MFA", "refused"),
  assumes(6, "outsider", "signed in with MFA", "refused"),
  ...asUpdateApp(7, "allowed", "productionapp", [
    "s3:PutObject",
    "s3:ListBucket",
    "s3:GetObject",
    "s3:DeleteObject",
  ]),
  ...asUpdateApp(8, "refused", "another bucket of prod", ["s3:ListBucket", "s3:GetObject", "s3:PutObject"]),
  ...asUpdateApp(8, "refused", "prod", ["ec2:DescribeInstances", "iam:ListUsers", "iam:CreateUser"]),
  ...asUpdateApp(8, "refused", "prod", ["ssm:DescribeParameters", "ssm:GetParameter"]),
  ...asUpdateApp(8, "refused", "productionapp", [
    "s3:GetBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:DeleteBucket",
  ]),
  directly(9, "s3:ListBucket", "productionapp", "refused"),
  directly(9, "s3:GetObject", "productionapp", "refused"),
  directly(9, "s3:PutObject", "productionapp", "refused"),
  ...asUpdateApp(10, "refused", "own bucket in dev", ["s3:ListBucket", "s3:GetObject"]),
  directly(10, "s3:ListBucket", "own bucket in dev", "allowed"),
  directly(10, "s3:GetObject", "own bucket in dev", "allowed"),
  {
    check: 11,
    who: "developer",
    session: "as UpdateApp, expired",
    action: "s3:ListBucket",
    on: "productionapp",
    expected: "refused",
  },
];

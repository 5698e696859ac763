import { findAccess } from "../find/find-access";
import { namesAccount } from "../judge/accounts";
import { isFixed, type Test } from "../judge/conditions";
import { printPrincipal } from "../judge/finding";
import { sendsSource } from "../judge/services";
import { hasTest, limitsTo, principalsOfKind } from "../judge/statements";
import { registerPolicy } from "../policy";
import type { PolicySetting } from "../settings";

const servicesWithoutSource: PolicySetting<string[]> = {
  schema: {
    description:
      "Further service principals that send no aws:SourceArn or aws:SourceAccount, in addition to those that the pack knows.",
    type: "array",
    items: { type: "string" },
    default: [],
  },
};

// An Alexa skill has no account: its token identifies it. Some services send an external ID.
const SOURCE_KEYS = [
  "aws:sourcearn",
  "aws:sourceaccount",
  "aws:sourceorgid",
  "aws:sourceorgpaths",
  "lambda:eventsourcetoken",
  "sts:externalid",
];

/** An ARN of one bucket: the name is unique, so region and account need not be fixed. */
const BUCKET = /^arn:[^:]+:s3:[^:]*:[^:]*:[^*?:/]+(\/.*)?$/;

/** True for a source of one account: a pattern may pick regions and resources, as AWS's own examples do. */
const namesSource = (value: string, key: string): boolean =>
  isFixed(value, key) || namesAccount(value) || BUCKET.test(value);

/** True for a test that limits a service to one source; a log group or a trail stands in the encryption context. */
const limitsSource = (test: Test): boolean =>
  limitsTo(test, SOURCE_KEYS, namesSource) ||
  (test.key.startsWith("kms:encryptioncontext:") && limitsTo(test, [test.key], namesAccount));

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html */
export const servicePrincipalNeedsSource = registerPolicy({
  name: "service-principal-needs-source",
  description: "A service is let in on behalf of named accounts or resources only.",
  level: "disabled",
  severity: "medium",
  settings: { servicesWithoutSource },
  judge: ({ type, props }, settings) =>
    findAccess(type, props).statements.flatMap((statement) => {
      const services = principalsOfKind(statement, "service").filter(
        ({ text }) => sendsSource(text, statement.isTrust) && !settings.servicesWithoutSource.includes(text),
      );
      if (services.length === 0 || hasTest(statement, limitsSource)) return [];
      return services.map((principal) => ({
        where: statement.where,
        found: printPrincipal(principal),
        why: "The service would do it for any of its customers (confused deputy).",
        write:
          '"Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}, or ArnLike on aws:SourceArn',
      }));
    }),
});

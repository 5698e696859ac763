import { findAccess } from "../find/find-access";
import { namesAccount } from "../judge/accounts";
import { isFixed } from "../judge/conditions";
import { printPrincipal } from "../judge/finding";
import { isLimitedBy, principalsOfKind } from "../judge/statements";
import { registerPolicy } from "../policy";
import type { Setting } from "../settings";

const servicesWithoutSource: Setting<string[]> = {
  schema: {
    description: "Service principals that never send aws:SourceArn or aws:SourceAccount.",
    type: "array",
    items: { type: "string" },
    default: [
      "ec2.amazonaws.com",
      "ec2.amazonaws.com.cn",
      "edgelambda.amazonaws.com",
      "lambda.amazonaws.com",
    ],
  },
};

// An Alexa skill has no account: its token identifies it.
const SOURCE_KEYS = [
  "aws:sourcearn",
  "aws:sourceaccount",
  "aws:sourceorgid",
  "aws:sourceorgpaths",
  "lambda:eventsourcetoken",
];

/** True for a source of one account: a pattern may pick regions and resources, as AWS's own examples do. */
const namesSource = (value: string, key: string): boolean => isFixed(value, key) || namesAccount(value);

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html */
export const servicePrincipalNeedsSource = registerPolicy({
  name: "service-principal-needs-source",
  description: "A service is let in on behalf of named accounts or resources only.",
  level: "disabled",
  severity: "medium",
  settings: { servicesWithoutSource },
  judge: ({ type, props }, settings) =>
    findAccess(type, props)
      .statements.filter((statement) => !isLimitedBy(statement, SOURCE_KEYS, namesSource))
      .flatMap((statement) =>
        principalsOfKind(statement, "service")
          .filter(({ text }) => !settings.servicesWithoutSource.includes(text))
          .map((principal) => ({
            where: statement.where,
            found: printPrincipal(principal),
            why: "The service would do it for any of its customers (confused deputy).",
            write:
              '"Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}, or ArnLike on aws:SourceArn',
          })),
      ),
});

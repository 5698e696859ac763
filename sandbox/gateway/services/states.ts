import { parseArn } from "../arn";
import { AwsError, type ConditionContext, objectsIn, tagKeys, text } from "../call";
import { forwardToMoto } from "../forward-to-moto";
import { parameters, tagsAtCreation } from "./parameters";
import { passRoleCheck, requireTrust } from "./pass-role";
import type { RequestContext, Service } from "./service";

const API = "AWSStepFunctions";
const SERVICE = "states.amazonaws.com";

/** The ARNs of state machines that a request names, with the version or alias in each. */
function machineArns(context: RequestContext): string[] {
  const { operation, params } = context.call;
  const created = operation === "CreateStateMachine" ? parameters(context, "name") : [];
  return [
    ...parameters(
      context,
      "stateMachineArn",
      "stateMachineAliasArn",
      "stateMachineVersionArn",
      "resourceArn",
    ).filter((arn) => arn.includes(":stateMachine:")),
    ...objectsIn(params.routingConfiguration).flatMap(
      ({ stateMachineVersionArn }) => text(stateMachineVersionArn) ?? [],
    ),
    ...created.map((name) => `stateMachine:${name}`),
  ];
}

/** An ARN, or what follows the account in one, without a version or alias. */
const withoutQualifier = (arn: string): string => arn.replace(/(stateMachine:[^:]+):.*$/, "$1");

export const states: Service = {
  prefix: "states",
  protocol: "json",
  targets: [API],

  resources: {
    // A policy names the state machine, and its versions and aliases by states:StateMachineQualifier:
    // https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
    statemachine: (context) => machineArns(context).map(withoutQualifier),
    activity: (context) => [
      ...parameters(context, "activityArn", "resourceArn").filter((arn) => arn.includes(":activity:")),
      ...(context.call.operation === "CreateActivity" ? parameters(context, "name") : []).map(
        (name) => `activity:${name}`,
      ),
    ],
    execution: (context) => parameters(context, "executionArn").filter((arn) => !arn.includes(":express:")),
    express: (context) => parameters(context, "executionArn").filter((arn) => arn.includes(":express:")),
    maprun: (context) => parameters(context, "mapRunArn"),
  },
  async furtherChecks(context, checks) {
    const roles = parameters(context, "roleArn").map((role) => passRoleCheck(role, SERVICE));
    return [...tagsAtCreation(context, checks, "TagResource"), ...roles];
  },

  conditionKeys: {
    fills: ["aws:ResourceTag/*", "states:StateMachineQualifier"],
    ofRequest(context): ConditionContext {
      const qualifiers = machineArns(context).flatMap(
        (arn) => /stateMachine:[^:]+:(.+)$/.exec(arn)?.[1] ?? [],
      );
      return qualifiers.length ? { "states:StateMachineQualifier": [...new Set(qualifiers)] } : {};
    },
    async ofResource(resourceArn, account, { gateway }) {
      const { region } = parseArn(resourceArn);
      const found = await gateway.moto.json(account, "states", region, `${API}.ListTagsForResource`, {
        resourceArn,
      });
      const tags = (found?.tags ?? []) as { key: string; value: string }[];
      return tagKeys("aws:ResourceTag", Object.fromEntries(tags.map(({ key, value }) => [key, value])));
    },
  },

  async respond(context) {
    const role = text(context.call.params.roleArn);
    const refusal = new AwsError(
      "AccessDeniedException",
      "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.",
      400,
    );
    if (role) await requireTrust(context, role, SERVICE, context.checks[0]?.resource ?? "", refusal);
    return forwardToMoto(context);
  },
};

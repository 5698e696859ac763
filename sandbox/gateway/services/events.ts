import { parseArn } from "../arn";
import { AwsError, type Call, type ConditionContext, objectsIn, tagKeys, text } from "../call";
import type { Check } from "../check";
import { forwardToMoto } from "../forward-to-moto";
import { parseDocument } from "../policy-documents";
import { arnIn, parameters, requireRegion, tagsAtCreation } from "./parameters";
import { passRoleCheck, requireTrust } from "./pass-role";
import type { Gateway, NamedRequest, RequestContext, ResourceNames, Service } from "./service";

const API = "AWSEvents";
const SERVICE = "events.amazonaws.com";
const DEFAULT_BUS = "default";
/** Operations that name a bus as `Name`; elsewhere that is another resource's. */
const OF_BUS = /^(Create|Delete|Describe|Update)EventBus$/;

interface Entry {
  EventBusName?: string;
  Source?: string;
  DetailType?: string;
}
interface Target {
  Arn?: string;
  RoleArn?: string;
}

const ask = ({ moto }: Gateway, account: string, region: string, operation: string, params: object) =>
  moto.json(account, "events", region, `${API}.${operation}`, params);

const busArn = (context: RequestContext, name = DEFAULT_BUS): string =>
  name.startsWith("arn:") ? name : arnIn(context, context.callerAccount, `event-bus/${name}`);

/** The bus that a request is about: the default one where it names none. */
const busOf = (context: RequestContext): string => {
  const { operation, params } = context.call;
  return busArn(context, text(OF_BUS.test(operation) ? params.Name : params.EventBusName));
};

const isBus = (arn: string): boolean => /^arn:[^:]*:events:[^:]*:[^:]*:event-bus\//.test(arn);

function busArns(context: RequestContext): string[] {
  const { operation, params } = context.call;
  const destination = text((params.Destination as Target | undefined)?.Arn);
  const given = [
    ...parameters(context, "EventSourceArn", "ResourceARN"),
    ...(destination ? [destination] : []),
  ];
  const buses = given.filter(isBus);
  return OF_BUS.test(operation) || operation === "PutEvents" ? [...buses, busOf(context)] : buses;
}

/** The ARNs of rules: `rule/NAME` on the default bus, else `rule/BUS/NAME`. */
function ruleArns(context: RequestContext, isDefault: boolean): string[] {
  const tagged = parameters(context, "ResourceARN").filter((arn) => parseArn(arn).resourceType === "rule");
  const bus = parseArn(busOf(context));
  const names = parameters(context, "Name", "Rule");
  const named = names.map((name) =>
    arnIn(
      context,
      bus.accountId,
      bus.resourcePath === DEFAULT_BUS ? `rule/${name}` : `rule/${bus.resourcePath}/${name}`,
    ),
  );
  return [...tagged, ...named].filter((arn) => (arn.split("/").length === 2) === isDefault);
}

const named =
  (type: string, ...names: string[]): ResourceNames =>
  (context) =>
    parameters(context, ...names).map((name) =>
      name.startsWith("arn:") ? name.split("/").slice(0, 2).join("/") : `${type}/${name}`,
    );

const targetsOf = ({ params }: Call): Target[] => objectsIn(params.Targets) as Target[];

const rolesOf = (call: Call): string[] =>
  [call.params.RoleArn, ...targetsOf(call).map(({ RoleArn }) => RoleArn)].flatMap((role) => text(role) ?? []);

/** What an event pattern asks for: the condition keys of PutRule. */
function patternContext(pattern: unknown): ConditionContext {
  const found = parseDocument(pattern) as Record<string, unknown> | undefined;
  const detail = (found?.detail ?? {}) as Record<string, unknown>;
  const identity = (detail.userIdentity ?? {}) as Record<string, unknown>;
  const keys = {
    "events:source": found?.source,
    "events:detail-type": found?.["detail-type"],
    "events:detail.service": detail.service,
    "events:detail.eventTypeCode": detail.eventTypeCode,
    "events:detail.userIdentity.principalId": identity.principalId,
  };
  const texts = Object.entries(keys).map(([key, value]): [string, string[]] => [
    key,
    [value ?? []].flat().filter((part) => typeof part === "string"),
  ]);
  return Object.fromEntries(texts.filter(([, values]) => values.length));
}

/** A check for each event: a policy may tell events apart by their source. */
async function namePutEvents(context: RequestContext): Promise<NamedRequest | undefined> {
  const { call, callerAccount } = context;
  const entries = objectsIn(call.params.Entries) as Entry[];
  if (call.operation !== "PutEvents" || !entries.length) return undefined;
  const checks = entries.map(({ EventBusName, Source, DetailType }): Check => {
    const resource = busArn(context, EventBusName);
    requireRegion(resource, context);
    const account = parseArn(resource).accountId || callerAccount;
    return {
      action: "events:PutEvents",
      resource,
      account,
      context: {
        "events:eventBusInvocation": "false",
        ...(Source && { "events:source": [Source] }),
        ...(DetailType && { "events:detail-type": [DetailType] }),
      },
      more: () => busContext(resource, account, context),
    };
  });
  const [account = callerAccount, ...others] = new Set(checks.map((check) => check.account));
  if (others.length)
    throw new AwsError("NotImplemented", "The sandbox puts the events of one request into one account", 501);
  return { checks, account: context.gateway.accounts.includes(account) ? account : callerAccount };
}

async function busContext(
  ResourceARN: string,
  account: string,
  { gateway }: RequestContext,
): Promise<ConditionContext> {
  const found = await ask(gateway, account, parseArn(ResourceARN).region, "ListTagsForResource", {
    ResourceARN,
  });
  const tags = (found?.Tags ?? []) as { Key: string; Value: string }[];
  return tagKeys("aws:ResourceTag", Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])));
}

/** The account that created a rule. */
async function creatorContext(arn: string, account: string, { call, gateway }: RequestContext) {
  const { region, resourceType, resourcePath } = parseArn(arn);
  if (resourceType !== "rule") return {};
  const [Name = "", bus] = resourcePath.split("/").reverse();
  const asked = { Name, EventBusName: bus ?? DEFAULT_BUS };
  const creator = text((await ask(gateway, account, region, "DescribeRule", asked))?.CreatedBy);
  return creator && call.operation !== "PutRule" ? { "events:creatorAccount": creator } : {};
}

export const events: Service = {
  prefix: "events",
  protocol: "json",

  name: namePutEvents,
  resources: {
    "event-bus": busArns,
    "rule-on-default-event-bus": (context) => ruleArns(context, true),
    "rule-on-custom-event-bus": (context) => ruleArns(context, false),
    archive: named("archive", "ArchiveName"),
    replay: named("replay", "ReplayName"),
    "api-destination": named("api-destination", "Name"),
    connection: (context, action) =>
      action.endsWith("ApiDestination")
        ? named("connection", "ConnectionArn")(context, action)
        : named("connection", "Name")(context, action),
    endpoint: named("endpoint", "Name"),
    "event-source": (context) =>
      parameters(context, "Name", "EventSourceName").map((name) =>
        arnIn(context, "", `event-source/${name}`),
      ),
  },
  async furtherChecks(context, checks) {
    const roles = rolesOf(context.call).map((role) => passRoleCheck(role, SERVICE));
    return [...tagsAtCreation(context, checks, "TagResource"), ...roles];
  },

  conditionKeys: {
    fills: [
      "aws:ResourceTag/*",
      "events:EventBusArn",
      "events:ManagedBy",
      "events:TargetArn",
      "events:creatorAccount",
      "events:detail-type",
      "events:detail.*",
      "events:eventBusInvocation",
      "events:source",
    ],
    ofRequest({ call, callerAccount }): ConditionContext {
      const { operation, params } = call;
      const targets = targetsOf(call).flatMap(({ Arn }) => text(Arn) ?? []);
      const buses = objectsIn(params.EventBuses).flatMap(({ EventBusArn }) => text(EventBusArn) ?? []);
      return {
        ...(operation === "PutRule" && {
          ...patternContext(params.EventPattern),
          "events:creatorAccount": callerAccount,
        }),
        ...(targets.length && { "events:TargetArn": targets }),
        ...(buses.length && { "events:EventBusArn": buses }),
      };
    },
    async ofResource(arn, account, context) {
      const found = await Promise.all([
        busContext(arn, account, context),
        creatorContext(arn, account, context),
      ]);
      return { ...found[0], ...found[1] };
    },
  },

  policies: {
    /** Of an event bus; it also decides on the rules of its bus. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html */
    async ofResource(arn, account, gateway) {
      const bus = busOfResource(arn);
      if (!bus) return undefined;
      const { region, resourcePath: Name } = parseArn(bus);
      return parseDocument((await ask(gateway, account, region, "DescribeEventBus", { Name }))?.Policy);
    },
    holder: (arn) => busOfResource(arn) ?? arn,
    carriers: [
      {
        document: ({ params }) => params.Policy,
        holder: (_answer, context) => busOf(context),
        malformed: "ValidationException",
        unknownPrincipal: ["ValidationException", "Invalid principal in policy"],
      },
    ],
  },

  async respond(context) {
    const { call, checks } = context;
    for (const role of rolesOf(call))
      await requireTrust(
        context,
        role,
        SERVICE,
        checks[0]?.resource ?? "",
        new AwsError(
          "ValidationException",
          `Provided role '${role}' cannot be assumed by principal '${SERVICE}'.`,
          400,
        ),
      );
    return forwardToMoto(context);
  },
};

/** The ARN of the bus that a bus's or a rule's ARN names. */
function busOfResource(arn: string): string | undefined {
  const { resource, resourceType, resourcePath } = parseArn(arn);
  if (resourceType === "event-bus") return arn;
  const bus = resourcePath.includes("/") ? resourcePath.split("/", 1)[0] : DEFAULT_BUS;
  return resourceType === "rule" ? `${arn.slice(0, -resource.length)}event-bus/${bus}` : undefined;
}

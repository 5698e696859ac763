import { parseArn } from "../arn";
import { AwsError, type ConditionContext, tagKeys, text } from "../call";
import type { Check } from "../check";
import { forwardToMoto } from "../forward-to-moto";
import { parseDocument } from "../policy-documents";
import { keyUses } from "./kms";
import { arnIn, parameters, tagsAtCreation } from "./parameters";
import { isPublic } from "./s3/public-access";
import type { Gateway, RequestContext, Service } from "./service";

const ask = ({ moto }: Gateway, account: string, region: string, operation: string, SecretId: string) =>
  moto.json(account, "secretsmanager", region, `secretsmanager.${operation}`, { SecretId });

/** The ARN of a secret by its name or by its ARN, whose last letters, made by Secrets Manager, may be left out. */
async function secretArn(id: string, context: RequestContext): Promise<string> {
  const { call, callerAccount, gateway } = context;
  const account = parseArn(id).accountId || callerAccount;
  const found = await ask(gateway, account, call.region, "DescribeSecret", id);
  return text(found?.ARN) ?? (id.startsWith("arn:") ? id : arnIn(context, account, `secret:${id}`));
}

/** What each operation does with the key of a secret: https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html */
const KEY_USES: Record<string, readonly ("Decrypt" | "GenerateDataKey")[]> = {
  BatchGetSecretValue: ["Decrypt"],
  CreateSecret: ["GenerateDataKey", "Decrypt"],
  GetSecretValue: ["Decrypt"],
  PutSecretValue: ["GenerateDataKey", "Decrypt"],
  UpdateSecret: ["GenerateDataKey", "Decrypt"],
};

/** The customer's key that a secret is encrypted with; undefined for AWS's own, which its account's callers can use. */
async function keyOf({ resource, account }: Check, context: RequestContext): Promise<string | undefined> {
  const { call, gateway } = context;
  const given = text(call.params.KmsKeyId);
  const stored = given ? undefined : await ask(gateway, account, call.region, "DescribeSecret", resource);
  const key = given ?? text(stored?.KmsKeyId);
  return key?.endsWith("alias/aws/secretsmanager") ? undefined : key;
}

async function keyChecks(context: RequestContext, secrets: readonly Check[]): Promise<Check[]> {
  const uses = KEY_USES[context.call.operation] ?? [];
  if (!uses.length) return [];
  const found = secrets.map(async (secret) => {
    const key = await keyOf(secret, context);
    return keyUses(uses, key, secret.account, context, "secretsmanager", ["SecretARN", secret.resource]);
  });
  return (await Promise.all(found)).flat();
}

/** The secrets whose values a batch gives, by their IDs or by filters. */
async function batchChecks(context: RequestContext): Promise<Check[]> {
  const { call, callerAccount, gateway } = context;
  if (call.operation !== "BatchGetSecretValue") return [];
  const ids = parameters(context, "SecretIdList");
  const { Filters } = call.params;
  const target = "secretsmanager.ListSecrets";
  const listed = Filters
    ? await gateway.moto.json(callerAccount, "secretsmanager", call.region, target, { Filters })
    : undefined;
  const secrets = (listed?.SecretList ?? []) as { ARN: string }[];
  const arns = await Promise.all(
    [...ids, ...secrets.map(({ ARN }) => ARN)].map((id) => secretArn(id, context)),
  );
  const account = (arn: string) => parseArn(arn).accountId || callerAccount;
  return [
    ...(Filters
      ? [{ action: "secretsmanager:ListSecrets", resource: "*", account: callerAccount, context: {} }]
      : []),
    ...arns.map((resource) => ({
      action: "secretsmanager:GetSecretValue",
      resource,
      account: account(resource),
      context: { "secretsmanager:SecretId": resource },
      more: () => secretContext(resource, account(resource), gateway),
    })),
  ];
}

/** The condition keys that a secret brings: its tags, and the function that rotates it. */
async function secretContext(arn: string, account: string, gateway: Gateway): Promise<ConditionContext> {
  const found = await ask(gateway, account, parseArn(arn).region, "DescribeSecret", arn);
  const listed = (found?.Tags ?? []) as { Key: string; Value: string }[];
  const tags = Object.fromEntries(listed.map(({ Key, Value }) => [Key, Value]));
  const rotation = text(found?.RotationLambdaARN);
  return {
    ...tagKeys("aws:ResourceTag", tags),
    ...tagKeys("secretsmanager:ResourceTag", tags),
    ...(rotation && { "secretsmanager:resource/AllowRotationLambdaArn": rotation }),
  };
}

export const secretsmanager: Service = {
  prefix: "secretsmanager",
  protocol: "json",
  targets: ["secretsmanager"],

  resources: {
    Secret: (context) => {
      const { operation, params } = context.call;
      // The last six letters of its ARN are made with the secret.
      if (operation === "CreateSecret") return [`secret:${params.Name}-xxxxxx`];
      return Promise.all(parameters(context, "SecretId").map((id) => secretArn(id, context)));
    },
  },
  /** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html and the pages of the other operations. */
  async furtherChecks(context, checks) {
    const { params } = context.call;
    const batch = await batchChecks(context);
    const [replicas, rotation] = [params.AddReplicaRegions, text(params.RotationLambdaARN)];
    const replicated = replicas && context.call.operation === "CreateSecret" ? checks : [];
    const account = rotation && parseArn(rotation).accountId;
    return [
      ...batch,
      ...tagsAtCreation(context, checks, "TagResource"),
      ...replicated.map((check) => ({ ...check, action: "secretsmanager:ReplicateSecretToRegions" })),
      ...(rotation && account
        ? [{ action: "lambda:InvokeFunction", resource: rotation, account, context: {} }]
        : []),
      ...(await keyChecks(
        context,
        [...checks, ...batch].filter(({ resource }) => resource !== "*"),
      )),
    ];
  },

  conditionKeys: {
    fills: [
      "secretsmanager:Name",
      "secretsmanager:SecretId",
      "secretsmanager:VersionStage",
      "secretsmanager:VersionId",
      "secretsmanager:ResourceTag/*",
      "secretsmanager:resource/AllowRotationLambdaArn",
      "aws:ResourceTag/*",
    ],
    ofRequest({ call: { params } }): ConditionContext {
      const keys = ["Name", "SecretId", "VersionStage", "VersionId"];
      return Object.fromEntries(
        keys.flatMap((key) => {
          const value = text(params[key]);
          return value ? [[`secretsmanager:${key}`, value]] : [];
        }),
      );
    },
    ofResource: (arn, account, { gateway }) => secretContext(arn, account, gateway),
  },

  policies: {
    async ofResource(arn, account, gateway) {
      const found = await ask(gateway, account, parseArn(arn).region, "GetResourcePolicy", arn);
      return parseDocument(found?.ResourcePolicy);
    },
    carriers: [
      {
        document: ({ params }) => params.ResourcePolicy,
        malformed: "MalformedPolicyDocumentException",
        unknownPrincipal: [
          "MalformedPolicyDocumentException",
          "This resource policy contains an unsupported principal.",
        ],
      },
    ],
    /** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html */
    refuse: ({ call: { params } }, _resource, policy) =>
      params.BlockPublicPolicy === true && isPublic(policy)
        ? new AwsError("PublicPolicyException", "The resource policy grants broad access to the secret.", 400)
        : undefined,
  },

  async respond(context) {
    const { call, callerAccount, checks } = context;
    const [secret] = checks;
    // https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html
    const foreign = secret && secret.account !== callerAccount && KEY_USES[call.operation];
    if (foreign && !(await keyOf(secret, context)))
      throw new AwsError(
        "InvalidRequestException",
        "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.",
        400,
      );
    return forwardToMoto(context);
  },
};

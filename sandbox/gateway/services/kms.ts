import { parseArn } from "../arn";
import { type Params, text } from "../call";
import { parseDocument } from "../policy-documents";
import { namedBy, parameters } from "./parameters";
import type { Gateway, Service } from "./service";

/** The ARN of a KMS key, given its ID, alias or ARN; `key/ID` where no account has it. */
export async function keyArn(
  id: string,
  account: string,
  region: string,
  { moto, accounts }: Gateway,
): Promise<string> {
  const { accountId, resourceType } = parseArn(id);
  if (resourceType === "key") return id;
  for (const owner of accountId ? [accountId] : [account, ...accounts]) {
    const found = await moto.json(owner, "kms", region, "TrentService.DescribeKey", { KeyId: id });
    const arn = (found?.KeyMetadata as { Arn?: string } | undefined)?.Arn;
    if (arn) return arn;
  }
  return `key/${id}`;
}

export const kms: Service = {
  prefix: "kms",
  protocol: "json",

  actions: { ReEncrypt: ["ReEncryptFrom", "ReEncryptTo"] },
  resources: {
    async key(context) {
      const { call, callerAccount, gateway } = context;
      const arnOf = (id: string) => keyArn(id, callerAccount, call.region, gateway);
      const named = await Promise.all(parameters(context, "KeyId", "TargetKeyId").map(arnOf));
      const ciphertext = named.length ? undefined : text(call.params.CiphertextBlob);
      // A ciphertext begins with the ID of its key, with moto as with AWS.
      return ciphertext ? [await arnOf(Buffer.from(ciphertext, "base64").toString("latin1", 0, 36))] : named;
    },
    alias: namedBy("", "AliasName"),
  },

  conditionKeys: {
    fills: ["kms:EncryptionContext:*", "kms:ViaService", "aws:ResourceTag/*"],
    ofRequest: ({ params }) =>
      Object.fromEntries(
        Object.entries((params.EncryptionContext ?? {}) as Params).map(([name, value]) => [
          `kms:EncryptionContext:${name}`,
          String(value),
        ]),
      ),
  },

  policies: {
    async ofResource(arn, account, { moto }) {
      const { region, resourcePath } = parseArn(arn);
      const asked = { KeyId: resourcePath, PolicyName: "default" };
      return parseDocument(
        (await moto.json(account, "kms", region, "TrentService.GetKeyPolicy", asked))?.Policy,
      );
    },
    carriers: [
      {
        document: ({ params }) => params.Policy,
        malformed: "MalformedPolicyDocumentException",
        unknownPrincipal: [
          "MalformedPolicyDocumentException",
          "Policy contains a statement with one or more invalid principals.",
        ],
      },
    ],
  },
};

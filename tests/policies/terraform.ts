/** Names that Terraform's AWS provider has for the types and properties of @pulumi/aws. */

/** Modules of @pulumi/aws by the first words of Terraform's types, where these differ. */
const PREFIXES: Record<string, string> = {
  amp: "prometheus",
  apigateway: "api_gateway",
  cfg: "config",
  cloudcontrol: "cloudcontrolapi",
  directoryservice: "directory_service",
  ec2: "",
  mediastore: "media_store",
  serverlessrepository: "serverlessapplicationrepository",
};
/** Types that are named otherwise. */
const TYPES: Record<string, string> = {
  "aws:bedrock/agentcoreGateway:AgentcoreGateway": "bedrockagentcore_gateway",
  "aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy": "opensearchserverless_access_policy",
  "aws:opensearch/serverlessLifecyclePolicy:ServerlessLifecyclePolicy":
    "opensearchserverless_lifecycle_policy",
  "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy": "opensearchserverless_security_policy",
  "aws:rds/clusterSnapshot:ClusterSnapshot": "db_cluster_snapshot",
  "aws:rds/snapshot:Snapshot": "db_snapshot",
  "aws:rds/snapshotCopy:SnapshotCopy": "db_snapshot_copy",
};

const toSnakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/^_/, "");

/** A type's name in Terraform without `aws_`. */
function terraformName(type: string): string {
  const [, module = "", name = ""] = /^aws:(\w+)\/\w+:(\w+)$/.exec(type) ?? [];
  const prefix = PREFIXES[module] ?? module;
  return TYPES[type] ?? (prefix ? `${prefix}_${toSnakeCase(name)}` : toSnakeCase(name));
}

/** Type of a resource in a Terraform module, and in a provider that Pulumi bridges as it is. */
export function terraformTypes(type: string): { inModule: string; bridged: string } {
  const name = terraformName(type);
  const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return {
    inModule: `site:tf:aws_${name}`,
    bridged: `aws:index/${camel}:${camel[0]?.toUpperCase()}${camel.slice(1)}`,
  };
}

/** Properties as Terraform names them; keys of documents, which begin with a capital, stay. */
export function toTerraform(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toTerraform);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      /^[a-z]\w*$/.test(key) ? toSnakeCase(key) : key,
      toTerraform(item),
    ]),
  );
}

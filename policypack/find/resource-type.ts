/**
 * First words of Terraform's types that have another name in @pulumi/aws. EC2's types do not begin with the service: these
 * are the words of those that the tables of exempt properties, open values and shares name.
 */
const MODULES = new Map([
  ["ami", "ec2ami"],
  ["config", "cfg"],
  ["db", "rds"],
  ["network", "ec2network"],
  ["snapshot", "ec2snapshot"],
  ["vpc", "ec2vpc"],
]);

/** A type as the tables write it, `ec2:vpcendpoint`, in the form that {@link typeKey} gives. */
export const tableKey = (place: string): string => place.replace(":", "");

/**
 * One name for a type in @pulumi/aws, aws-native, CloudFormation and Terraform: `ec2vpcendpoint`. Empty for other packages: a
 * policy document is judged there too, while a "principal" is whatever that package means by it.
 */
export function typeKey(type: string): string {
  const fromTerraform = terraformKey(type);
  if (fromTerraform !== undefined) return fromTerraform;
  if (!/^aws/i.test(type)) return "";
  const parts = type.toLowerCase().split(/[:/]+/);
  return `${parts[1] ?? ""}${parts.at(-1) ?? ""}`;
}

/** Key of a resource of a Terraform module (`net:tf:aws_vpc_endpoint`), or of a bridged provider (`aws:index/vpcEndpoint:VpcEndpoint`). */
function terraformKey(type: string): string | undefined {
  const inModule = /^[^:]+:tf:(awscc|aws)_(\w+)$/.exec(type);
  if (inModule) return keyOfWords(inModule[1] as string, (inModule[2] as string).split("_"));
  const bridged = /^(awscc|aws):index\/\w+:(\w+)$/.exec(type);
  if (bridged) return keyOfWords(bridged[1] as string, (bridged[2] as string).split(/(?=[A-Z])/));
  return undefined;
}

function keyOfWords(provider: string, words: string[]): string {
  const [first = "", ...rest] = words.map((word) => word.toLowerCase());
  const module = provider === "aws" ? MODULES.get(first) : undefined;
  return [module ?? first, ...rest].join("");
}

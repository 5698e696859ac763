/**
 * One name for a type in @pulumi/aws, aws-native and CloudFormation: `ec2:vpcendpoint`. Empty for other packages: a policy
 * document is judged there too, while a "principal" is whatever that package means by it.
 */
export function typeKey(type: string): string {
  if (!/^aws|:aws_/i.test(type)) return "";
  const parts = type.toLowerCase().split(/[:/]+/);
  return `${parts[1] ?? ""}:${parts.at(-1) ?? ""}`;
}

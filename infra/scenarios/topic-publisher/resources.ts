import * as iam from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import { arn, iamArn, roleArn } from "../../access/arn";
import { AssumeRoleGrant } from "../../access/assume-role-grant";
import { CrossAccountRole } from "../../access/cross-account-role";
import type { Accounts } from "../../account";
import type { ScenarioContext } from "../../scenario";
import { ROLE_NAME, USER_NAME } from "./names";
import type { TopicPublisherSettings } from "./settings";

/**
 * Scenario 4: a device of the trusted account publishes to one topic of the trusting account's AWS IoT, which has
 * no resource policy: only a role reaches it.
 * https://docs.aws.amazon.com/iot/latest/developerguide/iot-policy-actions.html
 */
export function deploy(
  { settings }: ScenarioContext<TopicPublisherSettings>,
  { trusting, trusted }: Accounts,
) {
  const { topic, topicClientId } = settings;
  const publisherArn = roleArn(trusting, ROLE_NAME);

  if (trusting.provider)
    new CrossAccountRole(
      ROLE_NAME,
      {
        account: trusting,
        roleName: ROLE_NAME,
        description: `Publishes to ${topic}`,
        // A key cannot show MFA, so the trust names the one user that may use it.
        trust: { machines: { accounts: [trusted], principalArns: [iamArn(trusted, `user/${USER_NAME}`)] } },
        permissions: [
          {
            Sid: "Publish",
            Effect: "Allow",
            Action: "iot:Publish",
            Resource: arn(trusting, "iot", `topic/${topic}`),
          },
          {
            Sid: "Connect",
            Effect: "Allow",
            Action: "iot:Connect",
            Resource: arn(trusting, "iot", `client/${topicClientId}`),
          },
        ],
      },
      { provider: trusting.provider },
    );

  let key: iam.AccessKey | undefined;
  if (trusted.provider) {
    const { provider } = trusted;
    const user = new iam.User(USER_NAME, { name: USER_NAME }, { provider });
    key = new iam.AccessKey(USER_NAME, { user: user.name }, { provider });
    new AssumeRoleGrant(
      "topic-publisher-may-assume-TopicPublisher",
      { grantee: { user }, roleArns: [publisherArn] },
      { provider },
    );
  }
  const { region } = trusting;
  return {
    roleArn: publisherArn,
    topic,
    clientId: topicClientId,
    cliProfiles: [
      "[profile switch]",
      "# aws configure --profile switch, with accessKeyId and secretAccessKey of this output",
      `region = ${region}`,
      "",
      "[profile target]",
      `role_arn = ${publisherArn}`,
      "source_profile = switch",
      `region = ${region}`,
      "",
    ].join("\n"),
    ...(key && { accessKeyId: key.id, secretAccessKey: pulumi.secret(key.secret) }),
  };
}

/**
 * S3 Control: the tags of buckets, and what an account blocks of public access. It shares S3's signing name; its paths begin with its version.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_AWS_S3_Control.html
 */
import { parseArn } from "../../arn";
import { requestTagContext } from "../../call";
import { forwardToMoto } from "../../forward-to-moto";
import { Router } from "../../router";
import type { Service } from "../service";
import { requestXml, tagsInBody } from "./requests";

export const S3_CONTROL_PATH = /^\/v20180820\//;

export const s3control: Service = {
  prefix: "s3",
  protocol: "s3control",

  routes: new Router({
    "GET /v20180820/tags/{resourceArn+}": "ListTagsForResource",
    "POST /v20180820/tags/{resourceArn+}": "TagResource",
    "DELETE /v20180820/tags/{resourceArn+}": "UntagResource",
    "GET /v20180820/configuration/publicAccessBlock": "GetAccountPublicAccessBlock",
    "PUT /v20180820/configuration/publicAccessBlock": "PutAccountPublicAccessBlock",
    "DELETE /v20180820/configuration/publicAccessBlock": "PutAccountPublicAccessBlock",
  }),
  async name({ call, callerAccount, gateway, service }) {
    // A request about an account's own settings; what it says of a bucket's is not asked.
    const account = call.headers["x-amz-account-id"] ?? callerAccount;
    const found = service.routes?.match(call.method, call.path);
    if (!found) {
      const unknown = `${call.method} ${call.path} is not in the table of s3`;
      const check = { action: "s3:Unknown", resource: "*", account: callerAccount, context: {}, unknown };
      return { account: callerAccount, checks: [check] };
    }
    const action = `s3:${found.target}`;
    if (!found.parameters.resourceArn)
      return { account, checks: [{ action, resource: "*", account, context: {} }] };
    const resource = decodeURIComponent(found.parameters.resourceArn);
    const owner = (await gateway.buckets.owner(parseArn(resource).resource)) ?? callerAccount;
    const context = requestTagContext(tagsInBody(call), [call.query.tagKeys ?? []].flat());
    return { account: owner, checks: [{ action, resource, account: owner, context }] };
  },
  async respond(context) {
    if (context.call.body.length) requestXml(context.call);
    const answer = await forwardToMoto(context);
    context.gateway.buckets.forgetAccount(context.account);
    return answer;
  },
};

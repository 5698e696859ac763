import * as http from "node:http";
import * as https from "node:https";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Caller } from "./caller";

/**
 * Calls an API of API Gateway with a signed GET request.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-use-postman-to-call-api.html
 * @throws {Error} named and worded by the endpoint where it refuses.
 */
export async function callApi({ credentials, region, endpoint }: Caller, apiUrl: string): Promise<string> {
  const { hostname, pathname: path } = new URL(apiUrl);
  const signer = new SignatureV4({ credentials, region, service: "execute-api", sha256: Sha256 });
  const request = { method: "GET", protocol: "https:", hostname, path, headers: { host: hostname } };
  const { headers } = await signer.sign(request);
  // An endpoint other than AWS gets the request that AWS would get, the API's own host name included.
  const { protocol, hostname: host, port } = new URL(endpoint ?? apiUrl);
  const { get } = protocol === "http:" ? http : https;
  return new Promise((resolve, reject) => {
    const asked = get({ host, port, path, headers }, async (answer) => {
      let body = "";
      for await (const part of answer) body += part;
      if (answer.statusCode === 200) resolve(body);
      else {
        const error = new Error(body);
        error.name =
          [answer.headers["x-amzn-errortype"]].flat()[0]?.split(":")[0] ?? `HTTP ${answer.statusCode}`;
        reject(error);
      }
    });
    asked.once("error", reject);
  });
}

/**
 * An OpenID Connect issuer and the check of its tokens. The sandbox stands for GitHub's issuer: it issues what GitHub
 * would give a job, signed with its own key, and takes no token that this key has not signed.
 * https://docs.github.com/actions/reference/security/oidc
 */
import { randomUUID } from "node:crypto";
import { buildArn } from "./arn";
import { AwsError } from "./call";
import type { FederatedPrincipal } from "./caller";
import type { Moto } from "./moto";

/** The one issuer that the sandbox stands for, without https:// */
const ISSUER = "token.actions.githubusercontent.com";
const ALGORITHM = "RS256";
const LIFETIME_SECONDS = 300;

const once = <Value>(create: () => Promise<Value>) => {
  let created: Promise<Value> | undefined;
  return () => {
    created ??= create();
    return created;
  };
};

export class WebIdentities {
  /** The library is an ES module: it is loaded, and the key generated, when first needed. */
  private readonly jose = once(() => import("jose"));
  private readonly key = once(async () => (await this.jose()).generateKeyPair(ALGORITHM));

  constructor(private readonly clock: () => number) {}

  /** A token about `subject`, meant for `audience`, good for five minutes. */
  async issueToken(subject: string, audience: string): Promise<string> {
    const now = Math.floor(this.clock() / 1000);
    const { SignJWT } = await this.jose();
    return new SignJWT()
      .setProtectedHeader({ alg: ALGORITHM, typ: "JWT" })
      .setIssuer(`https://${ISSUER}`)
      .setSubject(subject)
      .setAudience(audience)
      .setJti(randomUUID())
      .setIssuedAt(now)
      .setExpirationTime(now + LIFETIME_SECONDS)
      .sign((await this.key()).privateKey);
  }

  /**
   * The caller that a token proves, by the provider for its issuer that `account` has. Throws InvalidIdentityToken or
   * ExpiredTokenException as https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html says.
   */
  async verify(token: string, account: string, region: string, moto: Moto): Promise<FederatedPrincipal> {
    const invalid = (message: string) => new AwsError("InvalidIdentityToken", message, 400);
    const { decodeJwt, errors, jwtVerify } = await this.jose();
    let issuer: string | undefined;
    try {
      issuer = decodeJwt(token).iss;
    } catch {
      throw invalid(
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
      );
    }
    const url = (issuer ?? "").replace(/^https:\/\//, "");
    const federated = buildArn("iam", "", account, `oidc-provider/${url}`, region);
    const provider = await moto.iam(account, "GetOpenIDConnectProvider", {
      OpenIDConnectProviderArn: federated,
    });
    if (!provider) throw invalid(`No OpenIDConnect provider found in your account for ${issuer}`);
    if (issuer !== `https://${ISSUER}`)
      throw invalid(
        `Couldn't retrieve verification key from your identity provider: the sandbox stands for ${ISSUER} alone`,
      );
    const audiences = provider
      .list("GetOpenIDConnectProviderResult", "ClientIDList", "member")
      .flatMap((clientId) => clientId.text() ?? []);
    try {
      const { payload } = await jwtVerify(token, (await this.key()).publicKey, {
        algorithms: [ALGORITHM],
        issuer,
        audience: audiences,
        requiredClaims: ["sub", "exp"],
        currentDate: new Date(this.clock()),
      });
      const [subject, audience] = [payload.sub!, [payload.aud!].flat()[0]!];
      return {
        federated,
        subject,
        audience,
        context: {
          "aws:FederatedProvider": federated,
          [`${ISSUER}:sub`]: subject,
          [`${ISSUER}:aud`]: audience,
        },
      };
    } catch (error) {
      if (error instanceof errors.JWTExpired)
        throw new AwsError(
          "ExpiredTokenException",
          "Token expired: the current time is past its expiration",
          400,
        );
      if (error instanceof errors.JWTClaimValidationFailed && error.claim === "aud")
        throw invalid("Incorrect token audience");
      throw invalid("The token's signature or claims are not valid");
    }
  }
}

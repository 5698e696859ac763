/**
 * An OpenID Connect issuer and the check of its tokens. The sandbox stands for GitHub's issuer: it mints what GitHub
 * would give a job, with a key of its own, and takes no token that this key has not signed.
 * https://docs.github.com/actions/reference/security/oidc
 */
import { randomUUID } from "node:crypto";
import { AwsError, type Context } from "./call";
import { partition, type World } from "./requests";

/** The one issuer that the sandbox stands for, without https:// */
const ISSUER = "token.actions.githubusercontent.com";
const ALGORITHM = "RS256";
const LIFETIME_SECONDS = 300;

/** A caller without AWS credentials whose token was found good by a provider of the account. */
export interface FederatedPrincipal {
  /** ARN of the OpenID Connect provider. */
  federated: string;
  subject: string;
  audience: string;
  /** The condition keys that the token gives. */
  context: Context;
}

const once = <Value>(make: () => Promise<Value>) => {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

export class WebIdentities {
  /** The library is an ES module: it is loaded, and the key made, when first needed. */
  private readonly jose = once(() => import("jose"));
  private readonly key = once(async () => (await this.jose()).generateKeyPair(ALGORITHM));

  constructor(private readonly clock: () => number) {}

  /** A token about `subject`, meant for `audience`, good for five minutes. */
  async mint(subject: string, audience: string): Promise<string> {
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
   * Whose token it is, by the provider for its issuer that `account` has. Throws InvalidIdentityToken or ExpiredTokenException
   * as https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html says.
   */
  async verify(token: string, account: string, region: string, world: World): Promise<FederatedPrincipal> {
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
    const federated = `arn:${partition(region)}:iam::${account}:oidc-provider/${(issuer ?? "").replace(/^https:\/\//, "")}`;
    const provider = await world.moto.query(account, "iam", region, {
      Action: "GetOpenIDConnectProvider",
      Version: "2010-05-08",
      OpenIDConnectProviderArn: federated,
    });
    if (!provider) throw invalid(`No OpenIDConnect provider found in your account for ${issuer}`);
    if (issuer !== `https://${ISSUER}`)
      throw invalid(
        `Couldn't retrieve verification key from your identity provider: the sandbox stands for ${ISSUER} alone`,
      );
    const audiences = provider
      .list("GetOpenIDConnectProviderResult", "ClientIDList", "member")
      .flatMap((one) => one.text() ?? []);
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

import { ok, organizationOf, Refusal, repositoryOf, writableRepositoryOf, type Handlers } from "./http";
import type { Json } from "./json";

/*
 * How the subject of Actions' OIDC tokens is made, in an organisation and in one repository.
 */

/** GitHub docs, "Set the customization template": alphanumeric characters and underscores. */
function checkClaims(keys: Json | undefined): string[] {
  const claims = (keys ?? []) as string[];
  const wrong = claims.find((claim) => !/^\w+$/.test(claim));
  if (wrong !== undefined) throw new Refusal(422, "Validation Failed", { errors: [`${wrong} is not a claim`] });
  return claims;
}

/** Handlers of OIDC templates. */
export const oidc: Handlers = {
  "actions/get-custom-oidc-sub-claim-for-repo": (request, server) => {
    const { use_default, include_claim_keys } = repositoryOf(request, server).oidc;
    return ok({ use_default, ...(include_claim_keys !== undefined && { include_claim_keys }) });
  },
  "actions/set-custom-oidc-sub-claim-for-repo": (request, server) => {
    const repository = writableRepositoryOf(request, server);
    const useDefault = request.body["use_default"] === true;
    const claims = checkClaims(request.body["include_claim_keys"]);
    // Without claims, a repository that does not use the default takes the organisation's template.
    repository.oidc = {
      use_default: useDefault,
      ...(!useDefault && claims.length > 0 && { include_claim_keys: claims }),
    };
    return ok({}, 201);
  },
  "oidc/get-oidc-custom-sub-template-for-org": (request, server) => ok(organizationOf(request, server).oidc),
  "oidc/update-oidc-custom-sub-template-for-org": (request, server) => {
    organizationOf(request, server).oidc = { include_claim_keys: checkClaims(request.body["include_claim_keys"]) };
    return ok({}, 201);
  },
};

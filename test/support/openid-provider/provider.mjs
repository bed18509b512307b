// A real OpenID provider (panva's oidc-provider, an OpenID Certified implementation) that knows everybody: whoever logs in as
// NAME@DOMAIN is that person, with a verified address, in the groups that PROVIDER_GROUPS names for them.
import Provider from "oidc-provider";

const { issuer, port, clients, groups, unverified } = JSON.parse(process.env.PROVIDER_SETTINGS);

const provider = new Provider(issuer, {
  clients,
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["groups"] },
  pkce: { required: () => false },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: id, email_verified: !unverified.includes(id), groups: groups[id] ?? [] }),
  }),
});
provider.listen(port, () => console.log("ready"));

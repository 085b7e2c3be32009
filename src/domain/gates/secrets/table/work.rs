//! Documents, planning, design, sales and everything else people work in.

use crate::domain::gates::secrets::rule::{SecretRule, TokenCheck, token};

pub const RULES: &[SecretRule] = &[
    token("salesforce-consumer-key", "Salesforce consumer key", "3MVG9{o70,}")
        .check(TokenCheck::Mixed),
    token("notion-token", "Notion token", "ntn_{d11}{w32,36}").check(TokenCheck::Random),
    token("notion-legacy-token", "Notion token", "secret_{w43}").check(TokenCheck::Random),
    token("linear-key", "Linear API key", "lin_api_{w40}"),
    token("linear-oauth-token", "Linear OAuth token", "lin_(oauth|wh)_{w30,64}"),
    token("asana-token", "Asana access token", "{d1}/{d13,20}(/{d13,20})?:{h32}").near("asana"),
    token("airtable-token", "Airtable token", "pat{w14}.{h64}"),
    token("airtable-oauth", "Airtable OAuth token", "oaa{w14}.v1.{e60,}"),
    token("clickup-token", "ClickUp token", "pk_{d6,9}_{N32}"),
    token("trello-token", "Trello token", "ATTA{h64,72}"),
    token("figma-token", "Figma token", "fig(d|u|o|oh|dr|ur)_{s40,43}").check(TokenCheck::Mixed),
    token("figma-legacy-token", "Figma token", "{d3,8}-{uuid}").near("figma"),
    token("canva-secret", "Canva secret", "cnvca{s40,}"),
    token("contentful-token", "Contentful management token", "CFPAT-{s43}"),
    token("sanity-token", "Sanity token", "sk{w100,180}").check(TokenCheck::Random).near("sanity"),
    token("frameio-token", "Frame.io token", "fio-u-{s64}"),
    token("typeform-token", "Typeform token", "tfp_{s40,}"),
    token("dropbox-token", "Dropbox token", "sl.(u.|B)?{s120,}"),
    token("hubspot-token", "HubSpot token", "pat-(na|eu|ap)(1|2)-{uuid}"),
    token("salesforce-token", "Salesforce session", "00D{w12,15}!{p80,120}"),
    token("intercom-token", "Intercom token", "dG9rO{b54}="),
    token("teamwork-token", "Teamwork token", "tkn.v1_{e40,}"),
    token("pipedrive-token", "Pipedrive token", "v1u:{s40,}"),
    token("storyblok-token", "Storyblok token", "{w22}tt").near("storyblok"),
    token("ghost-admin-key", "Ghost admin key", "{h24}:{h64}").near("ghost"),
    token("plane-key", "Plane API key", "plane_api_{h32}"),
    token("outline-key", "Outline API key", "ol_api_{w38}"),
    token("calcom-key", "Cal.com key", "cal_(live_)?{h32}").check(TokenCheck::Mixed),
    token("posthog-personal-key", "PostHog personal API key", "phx_{s40,60}")
        .check(TokenCheck::Mixed),
    token("posthog-project-key", "PostHog key", "ph(s|r|a|e)_{w40,60}").check(TokenCheck::Mixed),
    token("segment-token", "Segment public API token", "sgp_{w60,}"),
    token("secret-token-uri", "token in a `secret-token` URI", "secret-token:{s20,}")
        .check(TokenCheck::Mixed),
    token("pandascore-token", "vendor key of the `live_` form", "(prod|live)_{s36,}")
        .check(TokenCheck::Random)
        .warns(),
    token("jwt", "JSON web token", "eyJ{s10,}.eyJ{s6,}.{s20,}").check(TokenCheck::Jwt),
    token(
        "jwt-like",
        "signed token with the header of a JSON web token",
        "eyJ{s10,}.{s40,}(.{s20,})?",
    )
    .check(TokenCheck::Jwt),
    token("jwe", "JSON web encryption token", "eyJ{s20,}.{s0,}.{s16,}.{s16,}.{s16,}")
        .check(TokenCheck::Jwt),
    token("paseto", "PASETO token", "v(1|2|3|4).(local|public).{s60,}"),
    token("pkcs8-base64", "private key in base64", "MII{b3}IBA(A|D){b40,}"),
];

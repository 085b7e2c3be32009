//! Monitoring, networks, identity and machines.

use crate::domain::gates::secrets::rule::{SecretRule, TokenCheck, token};

pub const RULES: &[SecretRule] = &[
    token(
        "thingsboard-token",
        "ThingsBoard device token",
        "/api/v1/{w20}/(telemetry|attributes|rpc|claim|firmware)",
    )
    .check(TokenCheck::Random),
    token("akamai-token", "Akamai EdgeGrid token", "akab-{s16,24}-{s16,24}")
        .check(TokenCheck::Mixed),
    token("grafana-service-token", "Grafana service account token", "glsa_{w32}_{h8}")
        .check(TokenCheck::Crc16),
    token("grafana-cloud-token", "Grafana Cloud token", "glc_eyJ{e25,}").check(TokenCheck::Mixed),
    token("grafana-api-key", "Grafana API key", "eyJrIjoi{e60,400}").check(TokenCheck::Mixed),
    token("sentry-org-token", "Sentry organisation token", "sntrys_eyJ{e60,}"),
    token("sentry-user-token", "Sentry user token", "sntry(u|a|i)_{h64}"),
    token("sentry-dsn-secret", "Sentry DSN with its secret", "{h32}:{h32}@{o5,60}/{d1,12}")
        .near("sentry"),
    token("newrelic-user-key", "New Relic user key", "NRAK-{N27}").check(TokenCheck::Mixed),
    token("newrelic-admin-key", "New Relic admin key", "NRAA-{h27}").check(TokenCheck::Mixed),
    token("newrelic-insert-key", "New Relic insert key", "NRII-{s32}").check(TokenCheck::Mixed),
    token("newrelic-query-key", "New Relic query key", "NRIQ-{s32}").check(TokenCheck::Mixed),
    token("newrelic-rest-key", "New Relic REST key", "NRRA-{h42}"),
    token("newrelic-synthetics-key", "New Relic private location key", "NRSP-{n4}{H32}"),
    token("newrelic-licence-key", "New Relic licence key", "{h34,36}NRAL").mark("NRAL"),
    token("pixie-key", "Pixie key", "px-(api|dep)-{uuid}"),
    token("dynatrace-token", "Dynatrace token", "dt0{w3}.{N24}.{N64}"),
    token("honeycomb-key", "Honeycomb key", "hc(a|b|x)(ik|lk|mk)_{n58}"),
    token("datadog-app-key", "Datadog application key", "ddapp_{w34,}"),
    token("axiom-token", "Axiom token", "xa(a|p)t-{uuid}"),
    token("checkly-key", "Checkly API key", "c(u|k)_{h32}").check(TokenCheck::Mixed),
    token("rootly-key", "Rootly API key", "rootly_{h64}"),
    token("incident-io-key", "incident.io API key", "inc_{h64}"),
    token("firehydrant-key", "FireHydrant token", "fhb-{h32}"),
    token("pagerduty-token", "PagerDuty token", "pdus+_{s20,}"),
    token("uptimerobot-key", "UptimeRobot API key", "(ur|u|m){d6,9}-{h24}")
        .near("uptimerobot|uptime_robot"),
    token(
        "sumologic-webhook",
        "Sumo Logic collector URL",
        ".sumologic.com/receiver/v1/http/{e80,}",
    ),
    token(
        "tailscale-key",
        "Tailscale key",
        "tskey-(auth|api|client|scim|webhook)-{w8,24}-{w20,40}",
    ),
    token("tailscale-legacy-key", "Tailscale key", "tskey-{h12}-{h20,}").check(TokenCheck::Mixed),
    token("ngrok-token", "ngrok token", "(1|2|3){w26}_{s20,22}").near("ngrok"),
    token("defined-networking-key", "Defined Networking key", "dnkey-{q26}-{q52}"),
    token("nats-seed", "NATS seed", "S(A|C|N|O|U|X){q56}").check(TokenCheck::Mixed),
    token("openshift-token", "OpenShift token", "sha256~{s43}").check(TokenCheck::Mixed),
    token("rancher-token", "Rancher token", "token-{n5}:{n54}"),
    token("rancher-user-token", "Rancher kubeconfig token", "kubeconfig-u{s1}{n4,16}:{n54}"),
    token("proxmox-token", "Proxmox API token", "PVEAPIToken={z3,60}!{z1,40}={uuid}"),
    token("truenas-key", "TrueNAS API key", "{d1,3}-{w64}")
        .near("truenas|login_with_api_key|bearer")
        .check(TokenCheck::Random),
    token("portainer-token", "Portainer token", "ptr_{b43}="),
    token("n8n-key", "n8n API key", "n8n_api_{w40,}"),
    token("retool-key", "Retool API key", "retool_{w26,}").check(TokenCheck::Random),
    token("inngest-key", "Inngest signing key", "signkey-(prod|test|dev|branch)-{h32,64}"),
    token("trigger-key", "Trigger.dev key", "tr_(dev|prod|stg|preview)_{w20,24}"),
    token("liveblocks-key", "Liveblocks secret key", "sk_(prod|dev)_{s20,70}")
        .check(TokenCheck::Random),
    token("okta-token", "Okta API token", "SSWS {s42}"),
    token("okta-bare-token", "Okta API token", "00{s40}").near("okta").check(TokenCheck::Random),
    token("stytch-secret", "Stytch secret", "secret-(test|live)-{s36,50}"),
    token(
        "authress-key",
        "Authress service key",
        "(sc|ext|scauth|authress)_{n10,30}.{n4,6}.acc{s10,32}.{e30,}",
    ),
    token("descope-key", "Descope management key", "K2{w27,}")
        .near("descope")
        .check(TokenCheck::Random),
    token("mapbox-secret-token", "Mapbox secret token", "(sk|tk).eyJ{s60,250}.{s20,26}"),
    token("adafruit-key", "Adafruit IO key", "aio_{w28}"),
    token("ubidots-token", "Ubidots token", "BBFF-{w30}"),
    token("blynk-token", "Blynk token", "blynk.cloud/external/api/{z3,80}token={s32}"),
    token("blynk-client-secret", "Blynk client secret", "oa2-client-id_{s32}:{s40}"),
    token(
        "blynk-client-secret-url",
        "Blynk client secret",
        "oa2-client-id_{s32}&client_secret={s40}",
    ),
    token("ansible-vault", "Ansible Vault text", "$ANSIBLE_VAULT;1.1;AES256\n{x60,}").warns(),
    token("krb5-asrep", "Kerberos AS-REP hash", "$krb5asrep$23${z5,80}:{h32}${h60,}"),
    token("krb5-tgs", "Kerberos service ticket hash", "$krb5tgs$23$*{z5,160}*${h32}${h60,}"),
    token("sha512-crypt", "password hash (SHA-512 crypt)", "$6$(rounds={d3,9}$)?{k4,16}${k86}")
        .warns(),
    token("sha256-crypt", "password hash (SHA-256 crypt)", "$5$(rounds={d3,9}$)?{k4,16}${k43}")
        .warns(),
    token("md5-crypt", "password hash (MD5 crypt)", "$(1|apr1)${k8}${k22}").warns(),
    token("yescrypt", "password hash (yescrypt)", "$y${k3,6}${k10,30}${k43}").warns(),
    token("net-ntlmv2", "NetNTLMv2 hash", "::{w1,30}:{x16}:{x32}:{x60,}").warns().near("ntlm"),
    token("kubernetes-bootstrap", "Kubernetes bootstrap token", "{n6}.{n16}")
        .near("bootstrap|kubeadm")
        .check(TokenCheck::Random),
    token("dotenvx-key", "dotenvx private key", "DOTENV_PRIVATE_KEY{t0,20}={h64}"),
    token("dotenv-vault-key", "dotenv-vault key", "dotenv://:key_{h64}@"),
    token("cloudinary-url", "Cloudinary URL", "cloudinary://{d10,18}:{s20,40}@"),
    token("kagi-token", "Kagi session link", "kagi.com/search?token={s11}.{s40,50}"),
    token("adobe-client-secret", "Adobe client secret", "p8e-{s32,36}"),
];

//! Payment, shops, banking and chains.

use crate::domain::gates::secrets::rule::{SecretRule, TokenCheck, token};

pub const RULES: &[SecretRule] = &[
    token("ethereum-private-key", "Ethereum private key", "0x{x64}")
        .near("private key|privatekey|private_key|accounts: ["),
    token("paystack-key", "Paystack secret key", "sk_(live|test)_{h40}"),
    token("stripe-key", "Stripe secret key", "(sk|rk)_(live|test|prod)_{w10,247}")
        .check(TokenCheck::Mixed),
    token("stripe-org-key", "Stripe organisation key", "sk_org_(live_|test_)?{w20,}"),
    token(
        "webhook-signing-secret",
        "webhook signing secret (Stripe, Svix, Clerk)",
        "whsec_{b32,64}",
    ),
    token("square-access-token", "Square access token", "sq0atp-{s22}"),
    token("square-oauth-secret", "Square OAuth secret", "sq0csp-{s43}"),
    token("square-token", "Square access token", "EAAA{s60}").check(TokenCheck::Random),
    token(
        "braintree-token",
        "Braintree access token",
        "access_token$(production|sandbox)${n16}${h32}",
    ),
    token("flutterwave-key", "Flutterwave secret key", "FLWSECK(_TEST|_LIVE)?-{w32}-X"),
    token("flutterwave-encryption-key", "Flutterwave encryption key", "FLWSECK_TEST{w12,}")
        .check(TokenCheck::Mixed),
    token("plaid-token", "Plaid access token", "access-(sandbox|development|production)-{uuid}"),
    token("adyen-key", "Adyen API key", "AQE{w3}{b60,}").check(TokenCheck::Random).near("adyen"),
    token("shopify-token", "Shopify token", "shp(at|ca|pa|ss|tka|ua|sa)_{w32}"),
    token("mollie-key", "Mollie API key", "live_{w30}").check(TokenCheck::Random),
    token("mollie-test-key", "Mollie test API key", "test_{w30}").check(TokenCheck::Random),
    token("mollie-access-token", "Mollie access token", "access_{w30,}")
        .check(TokenCheck::Random)
        .near("mollie"),
    token("gocardless-token", "GoCardless token", "live_{s40}").check(TokenCheck::Random),
    token("lob-key", "Lob API key", "(live|test)_{h35}"),
    token("shippo-token", "Shippo token", "shippo_(live|test)_{h40}"),
    token("easypost-key", "EasyPost key", "EZ(A|T)K{w54}"),
    token("duffel-token", "Duffel token", "duffel_(test|live)_{s43}"),
    token("mercadopago-token", "Mercado Pago token", "APP_USR-{d12,20}-{d6}-{h32}-{d5,12}"),
    token("mercadopago-test-token", "Mercado Pago test token", "TEST-{d12,20}-{d6}-{h32}-{d5,12}"),
    token("xendit-key", "Xendit key", "xnd_(production|development)_{w30,}"),
    token("midtrans-key", "Midtrans server key", "(SB-)?Mid-server-{s20,40}"),
    token("paddle-key", "Paddle API key", "pdl_(live|sdbx)_apikey_{n26}_{w22}_{w3}"),
    token("polar-token", "Polar token", "polar_(oat|pat|at_u|at_o|rt_u)_{w30,}"),
    token("klarna-key", "Klarna API key", "klarna_(live|test|playground)_api_{e20,}"),
    token("sumup-key", "SumUp key", "sup_sk_{w20,}"),
    token("brex-token", "Brex token", "bxt_{w32,}"),
    token("mercury-token", "Mercury token", "secret-token:mercury_{z20,}"),
    token("chargebee-key", "Chargebee key", "(live|test)_{w33,50}cu{w1,20}").near("chargebee"),
    token("coingecko-key", "CoinGecko API key", "CG-{w24}").check(TokenCheck::Random),
    token("checkout-key", "Checkout.com secret key", "sk_(sbox_)?{n26}{z1}")
        .near("checkout|cko")
        .check(TokenCheck::Random),
    token("checkout-legacy-key", "Checkout.com secret key", "sk_(test_)?{uuid}"),
    token("bitcoin-wif", "Bitcoin private key (WIF)", "(K|L|5){w50,51}")
        .near("bitcoin|wallet")
        .check(TokenCheck::Random),
    token("extended-private-key", "wallet extended private key", "(x|y|z|t)prv{w107,108}"),
    token("alpaca-key", "Alpaca key id", "(PK|AK){N18}").near("alpaca").check(TokenCheck::Mixed),
    token("ebay-key", "eBay client secret", "(PRD|SBX)-{h12}-{h4}-{h4}-{h4}-{h4}"),
    token("openpay-key", "Omise secret key", "skey_(test_)?{n19}"),
    token("monzo-token", "Monzo client secret", "mnzconf.{b60,}"),
    token("woocommerce-secret", "WooCommerce secret", "cs_{h40}").check(TokenCheck::Mixed),
    token("woocommerce-key", "WooCommerce consumer key", "ck_{h40}").check(TokenCheck::Mixed),
];

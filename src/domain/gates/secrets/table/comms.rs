//! Chat, mail, telephone and social networks.

use crate::domain::gates::secrets::rule::{SecretRule, TokenCheck, token};

pub const RULES: &[SecretRule] = &[
    token("slack-bot-token", "Slack bot token", "xoxb-{d9,14}-{d9,14}-{w18,40}"),
    token("slack-legacy-bot-token", "Slack bot token", "xoxb-{d8,14}-{w18,32}")
        .check(TokenCheck::Mixed),
    token("slack-user-token", "Slack user token", "xox(p|e|o)-{d9,14}-{d9,14}-{d9,14}-{w24,36}"),
    token("slack-workspace-token", "Slack workspace token", "xox(a|r)-{d1,2}-{w8,200}")
        .check(TokenCheck::Mixed),
    token(
        "slack-legacy-token",
        "Slack token",
        "xox(o|s|p|a|r|d|c)-{d8,14}-{d8,14}-({d8,14}-)?{w10,64}",
    ),
    token("slack-user-token-long", "Slack token", "xoxp-{d1,2}-{w100,200}"),
    token("slack-session", "Slack session cookie", "xoxd-{c60,}"),
    token("slack-app-token", "Slack app token", "xapp-{d1}-{N8,14}-{d9,14}-{n50,72}"),
    token("slack-config-token", "Slack configuration token", "xoxe.xox(b|p)-{d1}-{w140,200}"),
    token("slack-refresh-token", "Slack refresh token", "xoxe-{d1}-{w140,200}"),
    token("slack-webhook", "Slack webhook", "hooks.slack.com/services/T{N7,14}/B{N7,14}/{w20,26}"),
    token(
        "slack-workflow",
        "Slack workflow webhook",
        "hooks.slack.com/(workflows|triggers)/T{N7,12}/{w8,20}/{w18,40}(/{w20,40})?",
    ),
    token("discord-webhook", "Discord webhook", "/api/webhooks/{d17,20}/{s60,80}"),
    token("discord-bot-token", "Discord bot token", "{s23,28}.{s6,7}.{s27,38}")
        .check(TokenCheck::NumberFirst),
    token("discord-mfa-token", "Discord token", "mfa.{s84}"),
    token(
        "teams-webhook",
        "Microsoft Teams webhook",
        "/webhook(b2)?/{uuid}@{uuid}/IncomingWebhook/{n32}/{uuid}",
    ),
    token(
        "power-automate-webhook",
        "Power Automate webhook",
        "/triggers/manual/paths/invoke?{z20,100}sig={s40,50}",
    ),
    token("telegram-bot-token", "Telegram bot token", "{d8,10}:AA{s32,34}").mark(":AA"),
    token(
        "google-chat-webhook",
        "Google Chat webhook",
        "chat.googleapis.com/v1/spaces/{s8,14}/messages?key={s39}&token={c40,50}",
    ),
    token("lark-webhook", "Lark webhook", "/open-apis/bot/v2/hook/{uuid}"),
    token(
        "dingtalk-webhook",
        "DingTalk webhook",
        "oapi.dingtalk.com/robot/send?access_token={h64}",
    ),
    token("wecom-webhook", "WeCom webhook", "qyapi.weixin.qq.com/cgi-bin/webhook/send?key={uuid}"),
    token("zapier-webhook", "Zapier webhook", "hooks.zapier.com/hooks/catch/{d5,10}/{w6,12}"),
    token("ifttt-webhook", "IFTTT webhook", "/with/key/{s22,50}"),
    token("make-webhook", "Make webhook", ".make.com/{n32}"),
    token("webex-bot-token", "Webex token", "{w64}_(PF|P)(84|8A)_{uuid}").near("webex"),
    token("twilio-api-key", "Twilio API key", "SK{h32}").check(TokenCheck::Mixed),
    token("sendgrid-key", "SendGrid API key", "SG.{s20,24}.{s39,50}").check(TokenCheck::Mixed),
    token("mailgun-key", "Mailgun API key", "key-{h32}").check(TokenCheck::Mixed),
    token("mailgun-sending-key", "Mailgun sending key", "{h32}-{h8}-{h8}").near("mailgun"),
    token("mailchimp-key", "Mailchimp API key", "{h32}-us{d1,2}").mark("-us"),
    token("mandrill-key", "Mandrill API key", "md-{s22}")
        .check(TokenCheck::Random)
        .near("mandrill"),
    token("brevo-key", "Brevo key", "x(keys|smtps)ib-{h64}-{w16}"),
    token("resend-key", "Resend API key", "re_{w8}_{w24}").check(TokenCheck::Random),
    token("mailersend-token", "MailerSend token", "mlsn.{h64}"),
    token("onesignal-key", "OneSignal key", "os_v2_(app|org)_{n100,120}"),
    token("klaviyo-key", "Klaviyo private key", "pk_{h34}").check(TokenCheck::Mixed),
    token("courier-key", "Courier auth token", "(pk|dk)_(prod|test)_{N28}"),
    token("telnyx-key", "Telnyx API key", "KEY{N32}_{s22}"),
    token("beamer-key", "Beamer API key", "b_{b44}=").near("beamer"),
    token("twitter-bearer", "X (Twitter) bearer token", "AAAAAAAAAAAAAAAAAAAA{c60,140}")
        .check(TokenCheck::Random),
    token("facebook-token", "Facebook access token", "EAA{w90,}").check(TokenCheck::Random),
    token("facebook-app-token", "Facebook app token", "{d13,17}|{s26,30}")
        .near("facebook|access_token")
        .check(TokenCheck::Random),
    token("instagram-token", "Instagram token", "IGQ{s100,}").check(TokenCheck::Random),
    token("linkedin-secret", "LinkedIn client secret", "WPL_AP1.{w16}.{b6}=="),
    token("twitch-stream-key", "Twitch stream key", "live_{d7,12}_{w30}"),
    token("line-notify-token", "Line channel token", "{b170,174}/1O/w1cDnyilFU=")
        .mark("/1O/w1cDnyilFU="),
    token("knock-key", "Knock secret key", "sk_test_{s43}").check(TokenCheck::Random),
    token("ably-key", "Ably API key", "{s6}.{s6}:{s43}").near("ably"),
    token("pubnub-secret", "PubNub secret key", "sec-c-{e40,60}"),
];

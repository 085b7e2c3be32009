//! Names of services that give out keys.

use std::sync::OnceLock;

/// In lower case, without what parts the words of a name, in order.
const NAMES: &str = "\
    abuseipdb accuweather activecampaign adafruit adobe adyen africastalking aftership \
    aftershipapi agora ahrefs airbrake airbyte airship airtable aiven akamai akismet alchemy \
    alchemyapi algolia alibaba alienvault aliyun allegro allsports alpaca alphavantage amadeus \
    amazon ambee amplitude anaconda anthropic anypoint apiary apideck apiflash apify apilayer \
    apimatic apiscience apivoid apollo appcenter appcues appdynamics appfollow appian \
    applitools appoptics appsflyer appsmith appsync appveyor appwrite arangodb arbiscan argocd \
    arkesel artifactory artsy asana ashby assembla assembly assemblyai atera atlas atlassian \
    attentive audd auth0 authy autodesk autoklose avaza aviationstack aws axiom axonaut \
    ayrshare azure backblaze badgr baidu bamboohr bandwidth bannerbear baremetrics baseapi \
    basecamp beebole beem bexio bigcommerce billdesk billomat binance bintray bitbar bitbucket \
    bitcoinaverage bitfinex bitgo bitly bitmex bitrise bitstamp bittrex bitwarden blablabus \
    blazemeter blitapp blockchair blockcypher blockfrost blocknative bluesnap blynk bombbomb \
    boostnote borgbase box braintree braze brevo brightdata browserless browserstack browshot \
    bscscan buddyns budibase bugherd bugsnag buildkite bulbul bulksms bulksmsnigeria bunny \
    bunnycdn buttercms buxfer bybit caflou calendarific calendly callrail campayn canny \
    capsulecrm captaindata carboninterface carto cashboard cashfree caspio catalytic catapush \
    censys cerebras cexio chainstack chapa chargebee chartmogul chatbot chatfuel chatwork \
    checkly checkmarx checkout checkvist cicero circleci clarifai clearbit clearout clerk \
    clickatell clickatellapi clickhelp clickhouse clicksend clicktime clickup cliengo clinchpad \
    clockify clockworksms clojars closecrm cloudconvert cloudelements cloudflare cloudfront \
    cloudimage cloudinary cloudmersive cloudns cloudplan cloudsight cloudsmith cloudways cloze \
    clustdoc coda codacy codeclimate codecov codegear codemagic codequiry codeship cohere \
    coinapi coinbase coingecko coinlayer coinlib coinmarketcap coinmetrics commercejs \
    commercetools companyhub configcat confluence confluent contentful contentstack convertapi \
    convertkit convier coralogix coreweave couchbase countrylayer courier covalent coveralls \
    craftmypdf crates criteo crossbrowsertesting crowdin cryptocom cryptocompare currencycloud \
    currencyfreaks currencylayer currencyscoop currentsapi customerguru customerio cyberark \
    d7network dagshub dailyco dandelion darksky databox databricks datadog datafire datagov \
    dataiku datarobot dbt debounce deel deepai deepgram deepinfra deepl deepseek \
    definednetworking degreed delighted demio deputy deribit descartes descript detectify \
    detectlanguage devcycle dfuse dhl diffbot digicert digitalocean dingtalk directus discogs \
    discord discourse disqus dnscheck dnsimple dnsmadeeasy docker dockerhub docparser documo \
    docusign doordash doppler dotdigital dotmailer dovico dreamhost dremio dronahq drone \
    dropbox droplr duffel duo duply dwolla dyn dynalist dynatrace dyspatch eagleeye easydns \
    easyinsight easypost easyship ecostruxure ecwid edamam edenai edgedns eightxeight elastic \
    elasticemail elasticsearch elevenlabs enablex envoyapi equinix esputnik etherscan ethplorer \
    etrade etsy eventbrite eventstore everbridge everhour evernote exa exchangerate \
    exchangeratesapi exotel expo exportsdk extractorapi ezfile facebook faceplusplus factorial \
    factset fastforex fastly fastspring fauna feedier fetchrss fibery figma fileio filestack \
    finage financialmodelingprep finch findl finicity finnhub firebase fireblocks firecrawl \
    firehydrant fireworks fivetran fixer fixerio flagsmith fleetbase flickr flightapi \
    flightlabs flightstats flowdash flowdock flowflu flutterwave flutterwaveapi fly flyio fmfw \
    formbucket formcraft formio formsite formspree formstack foursquare frameio frase freeagent \
    freecurrencyapi freshbooks freshdesk freshsales freshservice frontapp frontegg ftx \
    fullcontact fullstory fusebill fxmarket gandi gateio geckoboard genderapi gengo geoapify \
    geocode geocodify geocodio geoipifi getaccept getemail getemails getform getgeoapi getgist \
    getresponse getsandbox ghost giphy gitea gitee gitguardian github gitlab gitlive gitter \
    glassfrog glassnode glitterly gnews gocanvas gocardless godaddy goodday goodreads google \
    gorgias goshippo gotowebinar gradle grafana graphcms graphhopper graylog greenhouse \
    greenhouseio greynoise gridsome grok groove groovehq groq growthbook grubhub gtmetrix \
    guardian gumroad gupshup gusto gyazo happi happyscribe harness harvest hasura heap \
    heatmapapi helius hellosign helpcrunch helpscout helpshift heremaps heroku hetzner heygen \
    hibob hightouch hipchat hiveage holidayapi holistic honeybadger honeycomb hotjar hotwire \
    hubspot hubtel huggingface humanity hume hunter hunterio huobi hybiscus hyperbolic \
    hyperproof hypertrack ibm iconfinder iexapis iexcloud imagekit imagga imgbb imgix imgur \
    infobip infobipapi infura ingen inngest insightly insomnia instabot instacart instagram \
    instamojo instamojoapi intercom interseller interswitch intra42 intrinio invoiceocean ionos \
    ipapi ipdata ipgeolocation ipify ipinfo ipinfodb ipquality ipstack iterable iyzico izettle \
    jenkins jfrog jina jira jiratoken jotform jumio jumpcloud juro juspay kagi kairos kakao \
    kaleyra kaleyraapi kanbantool karmacrm keen keenio kenjo kickbox klarna klaviyo klipfolio \
    knock knowlarity kontent kora kraken kucoin kucoinapi kustomer lalamove lambdatest \
    langchain langfuse langsmith lastfm launchdarkly leadfeeder lemlist lemonsqueezy lenco \
    lendflow lessannoyingcrm lexigram licensespring lightspeed linear linearapi linemessaging \
    linenotify linkedin linkpreview linode linodeapi liveagent livestorm llamacloud lob logdna \
    loggly loginradius logzio lokalise lokomote looker loops loqate loyverse lunchmoney luno \
    lusha lyft m3o macaddress madkudu magento magicbell magiclink mailboxlayer mailboxvalidator \
    mailchimp mailerlite maileroo mailersend mailgun mailjet mailmodo mailosaur mailtrap \
    mandrill mapbox mapquest marketstack mastodon mattermost mavenlink maxmind mediastack \
    meilisearch meistertask memcachier mercadopago messagebird messari metaapi metabase metrilo \
    mexc microsoft midtrans milanote minio miro mistral mixmax mixpanel mlflow mockaroo mollie \
    monday mongodb monkeylearn monnify moonclerk moonshot moosend moralis mparticle mpesa \
    mrticktock msg91 musixmatch mux myfreshworks myintervals myoperator namecheap namecom \
    nanonets nansen nasdaq navitia ndbc neo4j neon netcore netlify netsuite neutrino \
    neutrinoapi newrelic newsapi newscatcher nexmo nexus nftport nftstorage ngc ngrok nicereply \
    nimble nitro noip notion novita novu nozbe npm nuget numverify nutritionix nvidia nylas \
    nytimes oanda oandaapi octopus okendo okra okta okx omise omnisend onedesk oneinch onelogin \
    onepagecrm onesignal onfido onfleet onwater oopspam openai opencage opencagedata opengraphr \
    openmeteo openrouter opensea openuv openvpn openweather openweathermap opsgenie optidash \
    optimizely oracle outbrain overloop ovh owlbot owm ozonetel packagecloud paddle pagar \
    pagerduty pandadoc pandascore paperspace papertrail papyrs paralleldots parsehub parsers \
    parseur particle partnerstack passbase pastebin payfast payfort paymo paymongo payoneer \
    paypal paystack paytm payu pdfcrowd pdflayer pdfshift pendo peopledatalabs perplexity \
    personio phantombuster phonepe phraseaccess pinata pinataapi pinecone pingdom pingone \
    pinterest pipedream pipedrive pivotaltracker pixabay plaid plaidapi planetscale \
    planviewleankit planyo plesk plivo plivoapi podio pollsapi poloniex polygon polygonscan \
    porkbun portainer positionstack postageapp postbacks posthog postman postmark postmates \
    postscript powerbi predicthq prefect prerender prestashop prismic privateai privatebin \
    procore prodpad productboard prospectcrm protocolsio proxycrawl proxycurl pubnub pulumi \
    purestake pushbullet pusher pusherbeams pushover pypi qase qdrant qlik qrserver quaderno \
    qualaroo qualtrics quay qubole quickbase quickbooks quickmetrics quicknode quiknode qwilr \
    rabbitmq rackspace rambda rapid7 rapidapi rarible raygun razorpay readme rebrandly \
    recaptcha rechargeapps recruitee recurly reddit redislabs refiner rentman repairshopr \
    replicate replyio requestfinance resend restpack restpackhtml retellai retool revenuecat \
    revolut rimuhosting ringcentral rippling ritekit robinhood robinhoodapi rocketchat \
    rocketreach rollbar rootly route4me routemobile rubygems runpod runrunit runscope runway \
    runwayml salesblink salescookie salesflare salesforce salesloft salesmate sanity satismeter \
    sauce saucelabs scaleway scalr schwab scrapeowl scraperapi scraperbox scraperstack \
    scrapestack scrapfly scrapingant scrapingbee screenshotapi screenshotlayer scrutinizer \
    seatable securitytrails segment selectpdf semaphore semrush sendbird sendbirdorganization \
    sendcloud sendgrid sendinblue sendoso sendwithus sentry serpapi serper serphouse serpstack \
    servicenow setlist sevenpace shadowenv sheety shipbob shipday shipengine shiphero shipmonk \
    shippingeasy shippo shipstation shodan shopee shopify shopware shortio shotstack \
    shutterstock signable signalwire signaturit signupgenius signwell sigopt simfin simplesat \
    simplynoted simvoly sinch sinchapi sinchmessage sirv siteleaf sitesbay skrapp skubana \
    skybiometry skyscanner slack sleekflow smartsheet smartystreets smooch smsapi snapchat \
    snipcart snov snovio snowflake snowtrace snyk socure softlayer solarwinds solcast sonar \
    sonarcloud sonarqube soundcloud sourcegraph sparkpost speechmatics speechtextai splitio \
    splunk splunkobservability spoonacular sportradar sportsmonk spotify spotinst square \
    squarespace squareup squidex sslmate stabilityai stackblitz stackexchange stackhawk \
    stackoverflow stackpath statsig statuscake statuspage statuspal stitchdata stocktwits \
    storecove storj stormboard stormglass storyblok storychief strapi stripe stripo stytch \
    sugester sumologic sumsub sumup suno supabase supernotes superset surveyanyplace surveybot \
    surveymonkey surveysparrow survicate svix swiftype synthesia tableau tailscale talenthr \
    tallyfy tanstack tastytrade tatum tatumio tavily tavus taxjar teamgate teamtailor teamwork \
    teamworkcrm teamworkdesk teamworkspaces technicalanalysis tefter telegram telesign telnyx \
    tencent termii terraform testingbot testmo testrail text2data textanywhere textlocal \
    textmagic theguardian theoddsapi thinkific thirdweb thousandeyes threatstack ticketmaster \
    ticktick tidb tiingo tiktok timecamp timescale tink tinypng tmdb tmetric todoist together \
    toggl tokenlabs tokenpony tomorrowio tomtom tradestation tradier transferwise transifex \
    transip travelpayouts travelport travis travisci trello trino tronscan truelayer truenas \
    trulioo trustpilot twelvedata twilio twitch twitter tyntec typeform typesense typetalk uber \
    ubereats ubidots uclassify ultradns unifyid unleash unplugg unsplash untappd upcdatabase \
    upcloud uplead uploadcare upstash uptimerobot upwave urlscan userflow userlike userstack \
    vagrant valuefirst vatlayer vault vectara veed veevavault vegadns vercel vercelai verifalia \
    veriff verimail veriphone versioneye vidyard viewneo vimeo virustotal visualcrossing \
    voiceflow voicegain vonage voodoosms vouchery vpnapi vultr vyte wakatime walkscore \
    walletconnect wandb weatherbit weatherstack weaviate web3storage webex webflow webhookrelay \
    webscraper webscraping webshare websitepulse webull weglot whatcms whatsapp whoxy windyapi \
    wise wistia woocommerce woodpecker wordpress workable workato workday workos worksnaps \
    worldcoinindex worldweather wrike xai xata xero xmatters yahoo yammer yandex yelp yodlee \
    yotpo youneedabudget youtrack youtube zapier zapierwebhook zendesk zenkit zenkitapi \
    zenscrape zenserp zeplin zerobounce zeronorth zerotier zettle zhipu zillow zipapi zipbooks \
    zipcodeapi zipcodebase zipwhip zoho zonka zonkafeedback zoom zoominfo zulip zuora";

fn names() -> &'static [&'static str] {
    static LIST: OnceLock<Vec<&'static str>> = OnceLock::new();
    LIST.get_or_init(|| NAMES.split_ascii_whitespace().collect())
}

/// The service that one, two or three neighbouring words name together, if any.
pub fn named_in(words: &[String]) -> Option<&'static str> {
    (1..=3).find_map(|count| {
        words.windows(count).find_map(|window| match window {
            [word] => find(word),
            several => find(&several.concat()),
        })
    })
}

/// As [`named_in`], for words at some distance: only names that are hardly words of the language.
pub fn plainly_named_in(words: &[String]) -> Option<&'static str> {
    (1..=2).find_map(|count| {
        words.windows(count).find_map(|window| {
            if window.iter().map(String::len).sum::<usize>() < 6 {
                return None;
            }
            // Most words name nothing: whether one is common is asked last.
            let name = find(&window.concat())?;
            (!COMMON.split_ascii_whitespace().any(|word| word == name)).then_some(name)
        })
    })
}

/// Names that are words as well, or are spoken of everywhere.
const COMMON: &str = "abstract amazon apache benchmark bitbucket calendar chatbot checkout column \
    confluence confluent currency discord docker elastic elasticsearch evernote facebook factorial \
    factset firebase github gitlab google gradle guardian harvest hasura hunter instagram jenkins \
    kanban kraken linear linkedin magento manifest mastodon microsoft mysql nimble notion outreach \
    particle pinterest polygon postgres postmark prefect process quaderno rabbitmq recharge reddit \
    replicate resend runway scaleway seatable segment semaphore sentiment shortcut socket square \
    stackoverflow statuspage storyblok stripe superset terraform toggle together travel travis \
    trello trigger twitter unsplash vercel weather wordpress workday youtube";

fn find(word: &str) -> Option<&'static str> {
    let at = names().binary_search(&word).ok()?;
    Some(names()[at])
}

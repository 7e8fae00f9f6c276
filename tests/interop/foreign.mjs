// Signs and verifies with npm packages. Requests and responses are JSON objects, one per line.
import { createInterface } from "node:readline";

const lower = (headers) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
const seconds = () => Math.floor(Date.now() / 1000);

const standard = (load, prefix) => async () => {
  const { Webhook } = await load();
  return {
    sign: ({ key, text }) => ({
      [`${prefix}-id`]: "msg_1",
      [`${prefix}-timestamp`]: String(seconds()),
      [`${prefix}-signature`]: new Webhook(key).sign("msg_1", new Date(), text),
    }),
    verify: ({ key, text, headers }) => {
      new Webhook(key).verify(text, lower(headers));
      return true;
    },
  };
};

const packages = {
  standardwebhooks: standard(() => import("standardwebhooks"), "webhook"),
  svix: standard(() => import("svix"), "svix"),
  stripe: async () => {
    const { default: Stripe } = await import("stripe");
    const { webhooks } = new Stripe("sk_test_1");
    return {
      sign: ({ key, text }) => ({
        "Stripe-Signature": webhooks.generateTestHeaderString({ payload: text, secret: key }),
      }),
      verify: ({ key, text, headers }) =>
        !!webhooks.constructEvent(text, lower(headers)["stripe-signature"], key),
    };
  },
  "@slack/bolt": async () => {
    const module = await import(new URL("node_modules/@slack/bolt/dist/receivers/verify-request.js", import.meta.url));
    return {
      verify: ({ key, text, headers }) => {
        module.verifySlackRequest({ signingSecret: key, body: text, headers: lower(headers) });
        return true;
      },
    };
  },
  twilio: async () => {
    const { default: twilio } = await import("twilio");
    const { getExpectedTwilioSignature } = await import("twilio/lib/webhooks/webhooks.js");
    return {
      sign: ({ key, url, params }) => ({
        "X-Twilio-Signature": getExpectedTwilioSignature(key, url, params),
      }),
      verify: ({ key, url, params, headers, text }) => {
        const signature = lower(headers)["x-twilio-signature"];
        return url.includes("bodySHA256")
          ? twilio.validateRequestWithBody(key, signature, url, text)
          : twilio.validateRequest(key, signature, url, params);
      },
    };
  },
  "@octokit/webhooks-methods": async () => {
    const { sign, verify } = await import("@octokit/webhooks-methods");
    return {
      sign: async ({ key, text }) => ({ "X-Hub-Signature-256": await sign(key, text) }),
      verify: ({ key, text, headers }) => verify(key, text, lower(headers)["x-hub-signature-256"]),
    };
  },
  jsonwebtoken: async () => {
    const { default: jwt } = await import("jsonwebtoken");
    const token = (headers) => lower(headers).authorization.slice(7);
    return {
      sign: ({ key, text, alg }) => ({
        Authorization: `Bearer ${jwt.sign(text, key, { algorithm: alg })}`,
      }),
      verify: ({ key, headers, alg, text }) => {
        const payload = jwt.verify(token(headers), key, { algorithms: [alg] });
        return JSON.stringify(payload) === JSON.stringify(JSON.parse(text));
      },
    };
  },
  jose: async () => {
    const { CompactSign, compactVerify } = await import("jose");
    const bytes = (text) => new TextEncoder().encode(text);
    return {
      sign: async ({ key, text, alg }) => {
        const signing = new CompactSign(bytes(text)).setProtectedHeader({ alg });
        return { Authorization: `Bearer ${await signing.sign(bytes(key))}` };
      },
      verify: async ({ key, headers, alg, text }) => {
        const token = lower(headers).authorization.slice(7);
        const { payload } = await compactVerify(token, bytes(key), { algorithms: [alg] });
        return new TextDecoder().decode(payload) === text;
      },
    };
  },
  aws4: async () => {
    const { default: aws4 } = await import("aws4");
    const run = ({ key, url, text, headers }) => {
      const { host, pathname, search } = new URL(url);
      const given = Object.fromEntries(
        Object.entries(headers ?? {}).filter(([name]) => name.toLowerCase() !== "authorization"),
      );
      const options = {
        service: "execute-api", region: "us-east-1", method: "POST", host,
        path: pathname + search, body: text, headers: given,
      };
      return aws4.sign(options, { accessKeyId: "AKID", secretAccessKey: key }).headers;
    };
    return {
      sign: run,
      verify: (request) => {
        const signature = (headers) => lower(headers).authorization.split("Signature=")[1];
        return signature(run(request)) === signature(request.headers);
      },
    };
  },
  square: async () => {
    const { WebhooksHelper } = await import("square");
    return {
      verify: ({ key, url, text, headers }) =>
        WebhooksHelper.verifySignature({
          requestBody: text, signatureHeader: lower(headers)["x-square-hmacsha256-signature"],
          signatureKey: key, notificationUrl: url,
        }),
    };
  },
};

const loaded = {};
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    loaded[request.package] ??= await packages[request.package]();
    const doer = loaded[request.package][request.op];
    answer = doer ? { value: await doer(request) } : { missing: true };
  } catch (error) {
    answer = { error: String(error.message ?? error), absent: !loaded[request.package] };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

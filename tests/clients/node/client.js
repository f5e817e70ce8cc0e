// npm soap, as an agency uses it: reads a job on standard input, prints what came.
'use strict';

const fs = require('fs');
const https = require('https');
const soap = require('soap');

const ENVELOPE_12 = 'http://www.w3.org/2003/05/soap-envelope';

async function main() {
  const job = JSON.parse(fs.readFileSync(0, 'utf8'));
  const tls = { ca: fs.readFileSync(job.ca_file) };
  if (job.sign_in === 'certificate') {
    tls.cert = fs.readFileSync(job.certificate);
    tls.key = fs.readFileSync(job.key);
  }
  const httpsAgent = new https.Agent(tls);
  const client = await soap.createClientAsync(`${job.url}/soap/ticketing?wsdl`, {
    forceSoap12Headers: job.soap === '1.2',
    wsdl_options: { httpsAgent },
  });
  client.addHttpHeader('Connection', 'close');
  if (job.sign_in === 'certificate') {
    client.setSecurity(new soap.ClientSSLSecurity(tls.key, tls.cert, tls.ca));
  } else if (job.sign_in === 'signature') {
    client.setSecurity(new soap.WSSecurityCert(
      fs.readFileSync(job.signing_key),
      fs.readFileSync(job.signing_certificate),
      '',
      { hasTimeStamp: true },
    ));
  } else {
    client.setSecurity(new soap.WSSecurity(job.user, job.password, {
      passwordType: job.sign_in === 'digest' ? 'PasswordDigest' : 'PasswordText',
      hasNonce: job.sign_in === 'digest',
    }));
  }
  const service = client.TicketingService;
  const port = job.soap === '1.2' ? service.TicketingSoap12 : service.TicketingSoap11;
  const outcomes = [];
  for (const [operation, values] of job.calls) {
    const began = performance.now();
    const outcome = await call(port[operation], values, { httpsAgent });
    const seconds = (performance.now() - began) / 1000;
    const sent = client.lastRequest.includes(ENVELOPE_12) ? '1.2' : '1.1';
    outcomes.push({ ...outcome, sent, seconds });
  }
  process.stdout.write(JSON.stringify(outcomes));
  httpsAgent.destroy();
}

function call(operation, values, options) {
  return new Promise((resolve) => {
    operation(values, (error, answer) => {
      resolve(error ? refused(error) : { answer });
    }, options);
  });
}

function refused(error) {
  const fault = error.root && error.root.Envelope.Body.Fault;
  const detail = fault && (fault.detail || fault.Detail);
  if (!detail) {
    return { error: String(error) };
  }
  const name = Object.keys(detail).find((key) => key !== 'attributes');
  return { fault: name, detail: detail[name] };
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});

<?php
// php-soap, as an agency uses it: reads a job on standard input, prints what came.
declare(strict_types=1);

const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
const PROFILE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0';
const BASE64 = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0'
    . '#Base64Binary';
const ENVELOPE_12 = 'http://www.w3.org/2003/05/soap-envelope';

// The extension has no WS-Security; agencies write the header by hand, as here.
function security(array $job): SoapHeader
{
    $user = htmlspecialchars($job['user'], ENT_XML1);
    $password = $job['password'];
    $kind = 'PasswordText';
    $rest = '';
    if ($job['sign_in'] === 'digest') {
        $nonce = random_bytes(16);
        $created = gmdate('Y-m-d\TH:i:s\Z');
        $password = base64_encode(sha1($nonce . $created . $password, true));
        $kind = 'PasswordDigest';
        $rest = '<wsse:Nonce EncodingType="' . BASE64 . '">' . base64_encode($nonce)
            . '</wsse:Nonce><wsu:Created>' . $created . '</wsu:Created>';
    }
    $xml = '<wsse:Security xmlns:wsse="' . WSSE . '" xmlns:wsu="' . WSU . '"><wsse:UsernameToken>'
        . '<wsse:Username>' . $user . '</wsse:Username><wsse:Password Type="' . PROFILE . '#'
        . $kind . '">' . htmlspecialchars($password, ENT_XML1) . '</wsse:Password>' . $rest
        . '</wsse:UsernameToken></wsse:Security>';
    return new SoapHeader(WSSE, 'Security', new SoapVar($xml, XSD_ANYXML), true);
}

function refused(SoapFault $fault): array
{
    $details = isset($fault->detail) ? get_object_vars($fault->detail) : [];
    foreach ($details as $name => $detail) {
        return ['fault' => $name, 'detail' => $detail];
    }
    return ['error' => $fault->getMessage()];
}

$job = json_decode(file_get_contents('php://stdin'), true, 32, JSON_THROW_ON_ERROR);
$tls = ['cafile' => $job['ca_file'], 'verify_peer' => true, 'verify_peer_name' => true];
if ($job['sign_in'] === 'certificate') {
    $tls += ['local_cert' => $job['certificate'], 'local_pk' => $job['key']];
}
$client = new SoapClient($job['url'] . '/soap/ticketing?wsdl', [
    'soap_version' => $job['soap'] === '1.2' ? SOAP_1_2 : SOAP_1_1,
    'stream_context' => stream_context_create(['ssl' => $tls]),
    'trace' => true,
    'cache_wsdl' => WSDL_CACHE_NONE,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
]);
$outcomes = [];
foreach ($job['calls'] as [$operation, $values]) {
    if ($job['sign_in'] !== 'certificate') {
        $client->__setSoapHeaders([security($job)]);
    }
    $began = microtime(true);
    try {
        $outcome = ['answer' => $client->__soapCall($operation, [$values])];
    } catch (SoapFault $fault) {
        $outcome = refused($fault);
    }
    $seconds = microtime(true) - $began;
    $sent = str_contains($client->__getLastRequest() ?? '', ENVELOPE_12) ? '1.2' : '1.1';
    $outcomes[] = $outcome + ['sent' => $sent, 'seconds' => $seconds];
}
echo json_encode($outcomes, JSON_THROW_ON_ERROR);

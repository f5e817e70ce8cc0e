"""SOAP 1.1 and 1.2 as the gateway speaks it: reading, checking who asks, answering.

The way of one request::

    posted = Posted(body, content_type, soap_action)        # forms; body already unpacked
    request = read_request(posted, contract.service)        # envelope; SoapRefused
    security = read_security(request.security)              # wsse; SoapRefused
    check_timestamp(security, now, window_seconds)          # wsse
    check_token(security.token, credentials, ...)           # wsse; or the client certificate, or
    signature = find_signature(request)                     # signature, where it is signed
    verify_signature(request, signature, ...)               # signature
    schemas.validate(request.element)                       # adapters.xml; XmlRefused
    ...
    answer = render_answer(request.form, document, request.answer_action)   # answer
    answer = render_fault(request.form, fault)                              # answer

``SoapRefused`` names its reason by the code of the fault; from ``read_request`` it also says in
which form to answer. The WSDL's three views come from ``wsdl.Contract``.
"""

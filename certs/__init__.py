"""The certificate authorities' tool and policy; no key is ever committed."""

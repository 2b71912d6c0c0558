"""Say what to do about what Google, or an identity provider, refuses: a sentence a code.

Source: google.api.ErrorReason; RFC 6749 section 5.2; cloud.google.com/iam/docs/reference/sts/rest.
"""

from __future__ import annotations

from collections.abc import Mapping

from listing_sync.language.sentences import Marked, marked

FOR_REASON: Mapping[str, Marked] = {
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": marked(
        "the account signs in without the scope for reading sheets"
    ),
    "ACCOUNT_STATE_INVALID": marked(
        "the service account is disabled or deleted: enable it, or make a key of another one"
    ),
    "BILLING_DISABLED": marked(
        "switch billing on for the project, or use a key of another project"
    ),
    "CONSUMER_INVALID": marked(
        "the project of the service account is deleted: use a key of another one"
    ),
    "CONSUMER_SUSPENDED": marked(
        "Google suspended the project of the service account: see its"
        " notifications in the Cloud console, or use a key of another project"
    ),
    "GCP_SUSPENDED": marked(
        "Google suspended the account of the project: see its notifications in the Cloud console"
    ),
    "LOCATION_POLICY_VIOLATED": marked(
        "a policy of the organisation forbids reading from this place: ask its administrator"
    ),
    "LOCATION_ORG_POLICY_VIOLATED": marked(
        "a policy of the organisation forbids reading from this place: ask its administrator"
    ),
    "ORG_RESTRICTION_VIOLATION": marked(
        "a policy of the organisation forbids this account: ask its administrator"
    ),
    "RESOURCE_USAGE_RESTRICTION_VIOLATED": marked(
        "a policy of the organisation forbids the Sheets API: ask its administrator"
    ),
    "SECURITY_POLICY_VIOLATED": marked(
        "a perimeter of the organisation (VPC Service Controls) forbids"
        " reading from this machine: ask its administrator"
    ),
    "SERVICE_DISABLED": marked("enable the API, and wait some minutes"),
    "USER_BLOCKED_BY_ADMIN": marked("an administrator blocked this account: ask there"),
    "USER_PROJECT_DENIED": marked(
        "the account may not use the project that it names: grant it the role"
        " Service Usage Consumer there"
    ),
}
"""What to do about a reason of google.api.ErrorReason; the others say it in their message."""

FOR_KEY: Mapping[str, Marked] = {
    "deleted_client": marked(
        "the client of this key was deleted; make a key of another service account"
    ),
    "disabled_client": marked(
        "Google, or an administrator, disabled the client of this key; see the"
        " notifications of its project in the Cloud console"
    ),
    "admin_policy_enforced": marked(
        "an administrator of the Workspace domain forbids this access; ask"
        " there to allow the service account (Admin console: Security, API controls)"
    ),
    "org_internal": marked("the account may be used within its own organisation only"),
    "unauthorized_client": marked(
        "the service account may not sign in for somebody else; ask an"
        " administrator for domain-wide delegation"
    ),
}
FOR_PERSON: Mapping[str, Marked] = {
    "deleted_client": marked("the OAuth client was deleted; sign in again with another one"),
    "disabled_client": marked("the OAuth client was disabled; sign in again with another one"),
    "invalid_client": marked(
        "the OAuth client is not known, or its secret was replaced; sign in again"
        " with its present file"
    ),
    "unauthorized_client": marked(
        "the refresh token belongs to another OAuth client; sign in again"
    ),
}
DELEGATION = marked(
    "an administrator allows it in the Admin console (Security, API controls, Domain-wide"
    " delegation): the client ID of the service account, with the scope"
    " https://www.googleapis.com/auth/spreadsheets.readonly"
)
RENEWED = marked(
    "the token of this machine's identity provider is too old: it must be renewed before each run;"
    " look at what writes it, and at the clock"
)
OTHER_AUDIENCE = marked(
    "let the identity provider issue the token for the audience of the provider"
)
FOR_FEDERATED: Mapping[str, Marked] = {
    "invalid_target": marked(
        "the workload identity pool or its provider is deleted or disabled, or the"
        " `audience` of the credentials file names another; a deleted one can be restored for 30"
        " days"
    ),
    "unauthorized_client": marked(
        "this identity fails the attribute condition of the provider; compare"
        " the condition with the claims of the token"
    ),
    "invalid_request": marked(
        "make the credentials file again (gcloud iam workload-identity-pools create-cred-config)"
    ),
}

# Known but bound to nothing any more: unknown.
# Proves: state/unknown
any order
scan T100 ada 08:01
unscan T100 ada 08:30
ada unknown
eva unknown

# Binding is decided by the newest by at; in the same second the unscan wins.
# Proves: binding/tie-unscan-scan
any order
scan T100 ada 08:01
unscan T100 ada 08:01
ada unknown
tube T100 holds nobody

# Binding is decided by the newest by at; of one second unscan > transfer > scan.
# Proves: binding/tie-transfer-scan
any order
scan T100 ada 08:01
transfer ada from T100 to T200 08:01
scan T300 ben 08:01
transfer ben from T300 to T400 08:01
unscan T400 ben 08:01
tube T100 holds nobody
tube T200 holds ada
tube T300 holds nobody
tube T400 holds nobody
ben unknown

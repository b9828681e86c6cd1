# Without a tube.open, a tube is single only if all its scans say so.
# Proves: tube/mode-by-scans
any order
scan T100 ada 08:01 single
late scan T100 ben 08:02
scan T200 cem 08:01 single
result T100 positive tested 12:00 reported 13:00
result T200 positive tested 12:00 reported 13:00
tube T100 pool
tube T200 single
ada held because T100
cem suspect because T200

# A tube.open says the mode, whatever the scans say.
# Proves: tube/mode-open-over-scans
any order
scan T100 ada 08:01 single
open T100 08:00 pool
result T100 positive tested 12:00 reported 13:00
tube T100 pool
ada held because T100

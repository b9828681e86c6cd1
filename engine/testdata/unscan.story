# An unscan takes the person out of the tube; its result says nothing about them.
# Proves: binding/unscan
any order
scan T100 ada 08:01
scan T100 ben 08:02
unscan T100 ada 08:30 by station
result T100 positive tested 12:00 reported 13:00
ada unknown
no order ada
ben held because T100
tube T100 holds ben

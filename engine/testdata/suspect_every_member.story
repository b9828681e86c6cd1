# Suspect: a positive single tube, whatever its purpose, for every member.
# Proves: suspect/every-member
any order
open T200 08:00 single
scan T200 ada 08:01
late scan T200 ben 08:02
result T200 positive tested 12:00 reported 13:00
ada suspect because T200
ben suspect because T200
no order ada

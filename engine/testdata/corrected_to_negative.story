# A standing positive is replaced only by a positive, a corrected or a withdrawn: corrected to negative, holds and orders go; who has another cause stays held.
# Proves: result/corrected-replaces-positive
any order
scan T100 ada 08:01
scan T100 ben 08:02
scan T100 cem 08:03
late scan T300 cem 07:00
late scan T200 ben 14:00 single
result T300 positive tested 12:00 reported 12:30
result T100 positive tested 12:00 reported 13:00
result T200 negative tested 15:00 reported 15:30
result T100 negative tested 12:00 reported 16:00 corrected
ada negative
ada since 16:00
no order ada
ben negative
ben last negative T200
cem held because T300
order cem due 18:30

# Nothing is closed for ever: a pool's negative corrected to positive the next hour holds its members and calls them back.
# Proves: result/corrected-to-positive
any order
scan T100 ada 08:01
result T100 negative tested 12:00 reported 13:00
result T100 positive tested 12:00 reported 17:00 corrected
ada held because T100
ada since 17:00
order ada due 23:00
ada no negative

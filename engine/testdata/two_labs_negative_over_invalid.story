# The gravest of the labs' standing results: positive > inconclusive > negative > invalid.
# Proves: verdict/negative-over-invalid
any order
scan T100 ada 08:01
result T100 invalid tested 12:00 reported 13:00 lab L1
result T100 negative tested 12:00 reported 14:00 lab L2
ada negative
ada since 14:00
tube T100 says negative

# Vaccinated less than 48 h before the swab: alone, where policy says single.
# Proves: policy/vaccinated-single
round R1 vaccinated single
roster ada vaccinated 08:02-2
roster ben vaccinated 08:01-2
roster cem vaccinated 09:00
scan T100 ada 08:01 pool
refused must_be_single
scan T100 ben 08:01 pool
accepted
scan T100 cem 08:01 pool
accepted
scan T200 ada 08:01
accepted
tube T200 single

# From network_data.json as flattened by json.awk: link MAC MTU|- · address MAC CIDR · route MAC NETWORK/BITS GATEWAY · dhcp MAC · nameserver IP

function bits(mask,    part, i, n, byte) { # 255.255.255.0 -> 24; an IPv6 mask or a prefix length stays what it is
  if (mask !~ /\./) return mask
  split(mask, part, ".")
  for (i = 1; i <= 4; i++) for (byte = part[i] + 0; byte > 0; byte = byte * 2 % 256) n++
  return n + 0
}

{ at = index($0, "="); fact[substr($0, 1, at - 1)] = substr($0, at + 1) }

END {
  for (i = 0; (id = fact["links." i ".id"]) != ""; i++) {
    mac[id] = tolower(fact["links." i ".ethernet_mac_address"])
    mtu = fact["links." i ".mtu"]
    print "link", mac[id], mtu == "" ? "-" : mtu
  }
  for (i = 0; (type = fact["networks." i ".type"]) != ""; i++) {
    card = mac[fact["networks." i ".link"]]
    address = fact["networks." i ".ip_address"]
    if (type ~ /dhcp/) print "dhcp", card
    else if (address != "") {
      if (address !~ /\//) address = address "/" bits(fact["networks." i ".netmask"])
      print "address", card, address
    }
    for (r = 0; (gateway = fact["networks." i ".routes." r ".gateway"]) != ""; r++)
      print "route", card, fact["networks." i ".routes." r ".network"] "/" bits(fact["networks." i ".routes." r ".netmask"]), gateway
    for (s = 0; (server = fact["networks." i ".services." s ".address"]) != ""; s++) print "nameserver", server
  }
  for (s = 0; (server = fact["services." s ".address"]) != ""; s++) print "nameserver", server
}

"""stopgap"""


class KuboIpfs:
    pass

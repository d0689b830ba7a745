namespace Kilonova.Crds.Schema;

/// <summary>Name of an object: a DNS-1123 subdomain.</summary>
public sealed class ObjectNameAttribute : TextAttribute
{
    /// <summary>A name.</summary>
    public ObjectNameAttribute()
        : base(253)
    {
        MinLength = 1;
        Pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
        Must = "a DNS-1123 name: lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit";
    }
}

/// <summary>Name of a namespace or host: a DNS-1123 label.</summary>
public sealed class LabelNameAttribute : TextAttribute
{
    /// <summary>A label.</summary>
    public LabelNameAttribute()
        : base(63)
    {
        MinLength = 1;
        Pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
        Must = "a DNS-1123 label: lower-case letters, digits and '-', beginning and ending with a letter or digit";
    }
}

/// <summary>A UUID in lower-case.</summary>
public sealed class UuidAttribute : TextAttribute
{
    /// <summary>A UUID.</summary>
    public UuidAttribute()
        : base(36)
    {
        MinLength = 36;
        Pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
        Must = "a UUID in lower-case";
    }
}

/// <summary>A unicast MAC address in lower-case, with colons.</summary>
public sealed class MacAddressAttribute : TextAttribute
{
    /// <summary>A MAC address.</summary>
    public MacAddressAttribute()
        : base(17)
    {
        Pattern = "^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$";
        Must = "a unicast MAC address in lower-case with colons, for instance 52:54:00:12:34:56";
    }
}

/// <summary>An IPv4 or IPv6 address.</summary>
public sealed class IPAddressAttribute : TextAttribute
{
    /// <summary>An address.</summary>
    public IPAddressAttribute()
        : base(45)
    {
        Test = "isIP(self)";
        Must = "an IPv4 or IPv6 address";
    }
}

/// <summary>An IPv4 or IPv6 range in CIDR notation.</summary>
public sealed class CidrAttribute : TextAttribute
{
    /// <summary>A range.</summary>
    public CidrAttribute()
        : base(49)
    {
        Test = "isCIDR(self)";
        Must = "a range in CIDR notation, for instance 192.0.2.0/24";
    }
}

/// <summary>A set of host CPUs, as Nova and Linux write them: <c>0-3,8,^2</c>.</summary>
public sealed class CpuSetAttribute : TextAttribute
{
    /// <summary>A CPU list.</summary>
    public CpuSetAttribute()
        : base(4096)
    {
        Pattern = "^[\\^]?[0-9]+(-[0-9]+)?(,[\\^]?[0-9]+(-[0-9]+)?)*$";
        Must = "a list of CPUs, for instance 0-3,8,^2";
    }
}

/// <summary>A resource class of placement.</summary>
public sealed class ResourceClassAttribute : TextAttribute
{
    /// <summary>A resource class.</summary>
    public ResourceClassAttribute()
        : base(255)
    {
        MinLength = 1;
        Pattern = "^[A-Z0-9_]+$";
        Must = "a resource class: capitals, digits and '_', for instance VCPU or CUSTOM_LICENCE";
    }
}

/// <summary>A trait of placement.</summary>
public sealed class TraitAttribute : TextAttribute
{
    /// <summary>A trait.</summary>
    public TraitAttribute()
        : base(255)
    {
        MinLength = 1;
        Pattern = "^[A-Z0-9_]+$";
        Must = "a trait: capitals, digits and '_', for instance HW_CPU_X86_AVX2 or CUSTOM_RACK_7";
    }
}

/// <summary>Name of an availability zone.</summary>
public sealed class ZoneNameAttribute : TextAttribute
{
    /// <summary>A zone.</summary>
    public ZoneNameAttribute()
        : base(255)
    {
        MinLength = 1;
        Pattern = "^[^:]+$";
        Must = "the name of a zone, without ':' (a host cannot be chosen)";
    }
}

/// <summary>A span of time, as Kubernetes writes it.</summary>
public sealed class DurationAttribute : TextAttribute
{
    /// <summary>A duration.</summary>
    public DurationAttribute()
        : base(32)
    {
        Pattern = "^(0|([0-9]+([.][0-9]+)?(ms|s|m|h))+)$";
        Must = "a duration, for instance 90s or 1h30m";
    }
}

/// <summary>Tag of a device, by which the guest finds it in its metadata.</summary>
public sealed class DeviceTagAttribute : TextAttribute
{
    /// <summary>A tag.</summary>
    public DeviceTagAttribute()
        : base(60)
    {
        MinLength = 1;
        Pattern = "^[^,/]+$";
        Must = "a tag: at most 60 characters, without ',' and '/'";
    }
}

/// <summary>Address of a PCI device.</summary>
public sealed class PciAddressAttribute : TextAttribute
{
    /// <summary>An address.</summary>
    public PciAddressAttribute()
        : base(12)
    {
        Pattern = "^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f][.][0-7]$";
        Must = "a PCI address in lower-case, for instance 0000:3b:00.0";
    }
}

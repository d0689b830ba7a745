namespace Kilonova.Benchmarks.Clusters;

/// <summary>What happens to a server, in this order.</summary>
internal enum Milestone
{
    /// <summary>Its user's request is about to be sent.</summary>
    Asked,

    /// <summary>It is bound to a host.</summary>
    Bound,

    /// <summary>Its Instance is in the host's namespace.</summary>
    Ordered,

    /// <summary>libvirt has its domain.</summary>
    Defined,

    /// <summary>Its domain runs.</summary>
    Started,

    /// <summary>The Instance's status says so.</summary>
    Reported,

    /// <summary>The Server's status says so: Ready and Active.</summary>
    Active,

    /// <summary>Its guest wrote a line on its console.</summary>
    Spoke,

    /// <summary>The Server is gone.</summary>
    Gone,
}

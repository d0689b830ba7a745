namespace Kilonova.Crds;

/// <summary>The names that every part of Kilonova agrees on.</summary>
public static class ApiGroup
{
    /// <summary>API group of every kind.</summary>
    public const string Name = "compute.kilonova.dev";

    /// <summary>API version of every kind.</summary>
    public const string Version = "v1alpha1";

    /// <summary><c>group/version</c>.</summary>
    public const string ApiVersion = Name + "/" + Version;

    /// <summary>Namespace of a host: this prefix and the name of its <see cref="Hypervisor"/>.</summary>
    public const string HostNamespacePrefix = "kilonova-host-";

    /// <summary>Name of an agent's Lease in its host's namespace. One name for all, so that one field selector watches every host.</summary>
    public const string AgentLeaseName = "kilonova-agent";

    /// <summary>Finalizer of a <see cref="Server"/>: goes when no Instance and no allocation is left anywhere.</summary>
    public const string ServerFinalizer = Name + "/server";

    /// <summary>Finalizer of an <see cref="Instance"/>: the agent's confirmation that domain and disks are gone.</summary>
    public const string AgentFinalizer = Name + "/agent";

    /// <summary>Finalizer of an <see cref="Instance"/>: goes when its ledger entry is gone.</summary>
    public const string LedgerFinalizer = Name + "/ledger";

    /// <summary>Annotation of a Lease: the boot ID of the host in which it was renewed.</summary>
    public const string BootIdAnnotation = Name + "/boot-id";

    /// <summary>Key of user data in the Secret beside an Instance.</summary>
    public const string UserDataKey = "userData";

    /// <summary>User name of a host's agent: this prefix and the name of its <see cref="Hypervisor"/>.</summary>
    public const string HostUserPrefix = "kilonova:host:";

    /// <summary>Group of all agents.</summary>
    public const string HostGroup = "kilonova:hosts";

    /// <summary>User name of a host's agent.</summary>
    public static string HostUser(string hypervisor) => HostUserPrefix + hypervisor;

    /// <summary>Namespace of a host.</summary>
    public static string HostNamespace(string hypervisor) => HostNamespacePrefix + hypervisor;
}

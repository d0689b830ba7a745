using Kilonova.Crds;

namespace Kilonova.NodeAgent;

/// <summary>How an agent is set up. Every option is an environment variable too: <c>KILONOVA_</c> and the name in capitals, with underscores.</summary>
internal sealed record AgentOptions
{
    /// <summary>Name of the Node, of the Hypervisor and of the ResourceProvider.</summary>
    public required string NodeName { get; init; }

    /// <summary>Kubeconfig; the usual places when null.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>Asks the cluster for a certificate of the host's own; what <see cref="Kubeconfig"/> or the pod says is used for that alone.</summary>
    public bool RequestCertificate { get; init; }

    /// <summary>Validity of certificates that are asked for; the operator approves up to 30 days.</summary>
    public TimeSpan CertificateLifetime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Directory of everything that the agent keeps.</summary>
    public string StateDirectory { get; init; } = "/var/lib/kilonova";

    /// <summary>Where libvirt is.</summary>
    public string LibvirtUri { get; init; } = "qemu:///system";

    /// <summary>Address and port of health and metrics; null for none.</summary>
    public string? Listen { get; init; }

    /// <summary>Between two looks at everything.</summary>
    public TimeSpan FullPassInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Between two renewals of the Lease.</summary>
    public TimeSpan LeaseInterval { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>After this long without renewal a host is down, and its agent starts nothing.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Time that a guest has to shut down before it is forced off.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Guests that are prepared at the same time.</summary>
    public int ParallelBuilds { get; init; } = 2;

    /// <summary>Directories from which <c>file:</c> images are taken.</summary>
    public IReadOnlyList<string> ImageDirectories { get; init; } = ["/srv/kilonova"];

    /// <summary>Whether images may be fetched from addresses of the host itself and of its link.</summary>
    public bool AllowLocalImageSources { get; init; }

    /// <summary>Accelerator, over what the Hypervisor says; null leaves it to that.</summary>
    public VirtType? VirtType { get; init; }

    /// <summary>Address by which others reach the host; found when null.</summary>
    public string? HostIP { get; init; }

    /// <summary>Places at which tests end or hold the agent.</summary>
    public IReadOnlyList<string> FaultPoints { get; init; } = [];

    /// <summary>Where the host's root is, of which the checks of the host read <c>/sys</c>, <c>/proc</c>, <c>/etc</c> and the kubelet's state.</summary>
    public string HostRoot { get; init; } = "/";

    /// <summary>File that holds the boot ID.</summary>
    public string BootIdFile { get; init; } = "/proc/sys/kernel/random/boot_id";
}

using System.CommandLine;
using System.Globalization;
using Kilonova.Crds;
using Microsoft.Extensions.Logging;

namespace Kilonova.NodeAgent;

/// <summary>How log lines are written.</summary>
internal enum LogFormat
{
    /// <summary>One line of text each.</summary>
    Text,

    /// <summary>One JSON object each.</summary>
    Json,
}

/// <summary>The command line. Every option can also be given as an environment variable.</summary>
internal static class CommandLine
{
    private static readonly AgentOptions Defaults = new() { NodeName = "" };

    /// <summary>The program's one command.</summary>
    public static RootCommand Root(Func<AgentOptions, LogFormat, LogLevel, CancellationToken, Task<int>> run)
    {
        var nodeName = Text("--node-name", Environment.MachineName.ToLowerInvariant(), "Name of the Node; Hypervisor and ResourceProvider bear it too.");
        var kubeconfig = Text("--kubeconfig", null, "Kubeconfig; else $KUBECONFIG, ~/.kube/config, or the pod's service account.");
        var requestCertificate = Flag("--request-certificate", "Ask the cluster for a certificate of the host's own, and renew it; the kubeconfig, or the pod's account, is used for that alone.");
        var certificateLifetime = Time("--certificate-lifetime", Defaults.CertificateLifetime, "Validity of the certificates that are asked for.");
        var stateDirectory = Text("--state-dir", Defaults.StateDirectory, "Everything that the agent keeps. At the same path for QEMU.");
        var libvirtUri = Text("--libvirt-uri", Environment.GetEnvironmentVariable("LIBVIRT_DEFAULT_URI") ?? Defaults.LibvirtUri, "Where libvirt is.");
        var listen = Text("--listen", null, "Address and port of /healthz, /readyz and /metrics; none when absent.");
        var hostIP = Text("--host-ip", null, "Address by which others reach the host; found when absent.");
        var bootIdFile = Text("--boot-id-file", Defaults.BootIdFile, "File with the boot ID.");
        var hostRoot = Text("--host-root", Defaults.HostRoot, "The host's root, for the checks of the host: /, or where a container has it mounted.");
        var imageDirectories = new Option<string[]>("--image-directory")
        {
            Description = "Directories from which file: images are taken, with colons between; may be given several times.",
            DefaultValueFactory = _ => [FromEnvironment("--image-directory") ?? string.Join(':', Defaults.ImageDirectories)],
        };
        var allowLocal = Flag("--allow-local-image-sources", "Fetch images from addresses of the host itself and of its link too.");
        var virtType = Text("--virt-type", null, "kvm, qemu or auto, over what the Hypervisor says.");
        var fullPass = Time("--full-pass-interval", Defaults.FullPassInterval, "Between two looks at everything.");
        var leaseInterval = Time("--lease-interval", Defaults.LeaseInterval, "Between two renewals of the Lease.");
        var leaseDuration = Time("--lease-duration", Defaults.LeaseDuration, "Without renewal for this long, the host is down and its agent starts nothing.");
        var shutdownTimeout = Time("--shutdown-timeout", Defaults.ShutdownTimeout, "Time that a guest has to shut down.");
        var builds = new Option<int>("--parallel-builds") { Description = "Guests whose disks are made at the same time.", DefaultValueFactory = _ => int.Parse(FromEnvironment("--parallel-builds") ?? "2", CultureInfo.InvariantCulture) };
        var faultPoints = new Option<string[]>("--fault-point") { Description = "For tests: a step at which the agent dies or waits.", Hidden = true };
        var logFormat = new Option<LogFormat>("--log-format") { Description = "text or json.", DefaultValueFactory = _ => Enum.Parse<LogFormat>(FromEnvironment("--log-format") ?? "text", ignoreCase: true) };
        var logLevel = new Option<LogLevel>("--log-level") { Description = "Debug, Information, Warning, Error.", DefaultValueFactory = _ => Enum.Parse<LogLevel>(FromEnvironment("--log-level") ?? "Information", ignoreCase: true) };

        var root = new RootCommand("Kilonova's agent on one host: turns Instances into libvirt domains.")
        {
            nodeName, kubeconfig, requestCertificate, certificateLifetime, stateDirectory, libvirtUri, listen, hostIP, bootIdFile, hostRoot, imageDirectories, allowLocal, virtType,
            fullPass, leaseInterval, leaseDuration, shutdownTimeout, builds, faultPoints, logFormat, logLevel,
        };
        root.SetAction((parsed, cancel) => run(
            new AgentOptions
            {
                NodeName = parsed.GetValue(nodeName)!,
                Kubeconfig = parsed.GetValue(kubeconfig),
                RequestCertificate = parsed.GetValue(requestCertificate),
                CertificateLifetime = parsed.GetValue(certificateLifetime),
                StateDirectory = parsed.GetValue(stateDirectory)!,
                LibvirtUri = parsed.GetValue(libvirtUri)!,
                Listen = parsed.GetValue(listen),
                HostIP = parsed.GetValue(hostIP),
                HostRoot = parsed.GetValue(hostRoot)!,
                BootIdFile = parsed.GetValue(bootIdFile)!,
                ImageDirectories = [.. parsed.GetValue(imageDirectories)!.SelectMany(list => list.Split(':', StringSplitOptions.RemoveEmptyEntries))],
                AllowLocalImageSources = parsed.GetValue(allowLocal),
                VirtType = parsed.GetValue(virtType) is { } type ? Enum.Parse<VirtType>(type, ignoreCase: true) : null,
                FullPassInterval = parsed.GetValue(fullPass),
                LeaseInterval = parsed.GetValue(leaseInterval),
                LeaseDuration = parsed.GetValue(leaseDuration),
                ShutdownTimeout = parsed.GetValue(shutdownTimeout),
                FaultPoints = parsed.GetValue(faultPoints) ?? [],
                ParallelBuilds = parsed.GetValue(builds),
            },
            parsed.GetValue(logFormat),
            parsed.GetValue(logLevel),
            cancel));
        return root;
    }

    /// <summary>Reads a time as people write it: <c>20s</c>, <c>5m</c>, <c>1h</c>, <c>500ms</c>.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static TimeSpan ParseTime(string text)
    {
        var digits = text.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
        if (digits == 0 || !double.TryParse(text[..digits], NumberStyles.Float, CultureInfo.InvariantCulture, out var amount))
            throw new FormatException($"'{text}' is not a time such as 20s, 5m or 1h");
        return text[digits..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(amount),
            "s" => TimeSpan.FromSeconds(amount),
            "m" => TimeSpan.FromMinutes(amount),
            "h" => TimeSpan.FromHours(amount),
            _ => throw new FormatException($"'{text}' is not a time such as 20s, 5m or 1h"),
        };
    }

    private static Option<string?> Text(string name, string? fallback, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => FromEnvironment(name) ?? fallback };

    private static Option<bool> Flag(string name, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => FromEnvironment(name) is "true" or "1" };

    private static Option<TimeSpan> Time(string name, TimeSpan fallback, string description) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => FromEnvironment(name) is { } text ? ParseTime(text) : fallback,
        CustomParser = result =>
        {
            try
            {
                return ParseTime(result.Tokens.Single().Value);
            }
            catch (FormatException error)
            {
                result.AddError(error.Message);
                return default;
            }
        },
    };

    private static string? FromEnvironment(string name) => Environment.GetEnvironmentVariable("KILONOVA_" + name[2..].ToUpperInvariant().Replace('-', '_'));
}

namespace Kilonova.Kubernetes.Config;

/// <summary>
/// A program that hands out credentials (<c>users[].user.exec</c>; client.authentication.k8s.io/v1 and v1beta1). It runs without a
/// terminal and without standard input.
/// </summary>
public sealed record ExecCommand
{
    /// <summary>The versions that are understood.</summary>
    public static IReadOnlyList<string> Versions { get; } = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

    /// <summary>Version of the program's answer, one of <see cref="Versions"/>.</summary>
    public required string ApiVersion { get; init; }

    /// <summary>A path, or a name to look for in <c>PATH</c>.</summary>
    public required string Command { get; init; }

    /// <summary>Arguments, each one as it is.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Added to the environment of this process.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Told when the program is not there.</summary>
    public string? InstallHint { get; init; }

    /// <summary>Tells the program which cluster it is for, in <c>KUBERNETES_EXEC_INFO</c>.</summary>
    public bool ProvideClusterInfo { get; init; }

    /// <summary>How long it may run.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Where the command was found, for messages.</summary>
    public string Origin { get; init; } = "exec";
}

using System.Text.Json;

namespace Kilonova.Faults;

/// <summary>
/// Faults on demand from another process, over HTTP on a UNIX socket:
/// <c>GET /</c> reports; <c>PUT /rules</c> and <c>DELETE /rules</c> replace the rules of an API proxy;
/// <c>POST /stall</c>, <c>/recover</c>, <c>/reset</c>, <c>/cut</c>, <c>/refuse</c>, <c>/latency?ms=…</c>, <c>/cut-after?bytes=…</c> work on connections.
/// </summary>
public sealed class ControlServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private ControlServer(WebApplication application) => _application = application;

    /// <summary>Serves at a path, whose old file is replaced.</summary>
    public static async Task<ControlServer> StartAsync(string path, ByteProxy connections, ApiProxy? api)
    {
        File.Delete(path);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(path));
        var application = builder.Build();
        application.Run(context => RunAsync(context, connections, api));
        await application.StartAsync();
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return new ControlServer(application);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static async Task RunAsync(HttpContext context, ByteProxy connections, ApiProxy? api)
    {
        var request = context.Request;
        try
        {
            switch (request.Method, request.Path.Value)
            {
                case ("GET", "/"):
                    break;
                case ("PUT", "/rules") when api is not null:
                    api.Plan.Set(await JsonSerializer.DeserializeAsync(request.Body, FaultsJson.Default.IReadOnlyListFaultRule) ?? []);
                    break;
                case ("DELETE", "/rules") when api is not null:
                    api.Plan.Set();
                    break;
                case ("POST", "/stall"):
                    connections.Stall();
                    break;
                case ("POST", "/recover"):
                    connections.Recover();
                    break;
                case ("POST", "/reset"):
                    connections.Reset();
                    break;
                case ("POST", "/cut"):
                    connections.Cut();
                    break;
                case ("POST", "/refuse"):
                    connections.Refuses = true;
                    break;
                case ("POST", "/latency"):
                    connections.Latency = TimeSpan.FromMilliseconds(Number(request, "ms"));
                    break;
                case ("POST", "/cut-after"):
                    connections.CutAfterBytes = Number(request, "bytes");
                    break;
                default:
                    context.Response.StatusCode = 404;
                    await context.Response.WriteAsync($"no {request.Method} {request.Path} here\n");
                    return;
            }
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            context.Response.StatusCode = 400;
            await context.Response.WriteAsync(e.Message + "\n");
            return;
        }

        var report = api?.Report ?? new ProxyReport(0, 0, connections.Accepted, connections.Open, new Dictionary<string, long>(), []);
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(JsonSerializer.Serialize(report, FaultsJson.Default.ProxyReport) + "\n");
    }

    private static long Number(HttpRequest request, string name) =>
        long.TryParse(request.Query[name], out var number) && number >= 0 ? number : throw new FormatException($"{name}=NUMBER is needed");
}
